/** One number that a process of Kintsugi serves to Prometheus: what it is made from, and what the reference says of it. */
export interface MetricDefinition {
  name: `kintsugi_${string}`;
  type: 'counter' | 'gauge';
  /** What the number says, in one line: Prometheus shows it too. */
  help: string;
  labels: readonly string[];
  /** When it moves, and to what: for whoever writes a rule. */
  moves: string;
}
