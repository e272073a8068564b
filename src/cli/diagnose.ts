import type { Command } from 'commander';
import { loadConfiguration } from '../configuration/configuration.ts';
import { EXIT } from './exit-codes.ts';
import { jsonOption } from './options.ts';
import { coloursFor, type JsonOption, printResult } from './output.ts';

/** Milliseconds for one call: a person waits. */
const CALL_MS = 5000;

/** `kintsugi diagnose` */
export default function register(program: Command): void {
  program
    .command('diagnose')
    .description(
      'say what is wrong with a workload on the cluster, and what would be done; it changes nothing and needs neither Temporal nor a runbook',
    )
    .argument(
      '<target>',
      'namespace/kind/name; kinds: deployment, statefulset, daemonset, job, pod, cronjob, replicaset',
    )
    .addOption(jsonOption())
    .action(diagnose);
}

async function diagnose(text: string, options: JsonOption): Promise<void> {
  // The cluster's client and the signatures are loaded only by who needs them.
  const [{ diagnosedTarget }, { look }, { diagnosisText }, { connectKubernetes }] = await Promise.all([
    import('./diagnose/target.ts'),
    import('./diagnose/look.ts'),
    import('./diagnose/text.ts'),
    import('../kubernetes/connect.ts'),
  ]);
  const target = diagnosedTarget(text);
  const configuration = loadConfiguration(process.env);
  const { kubeconfig } = configuration;
  const kubernetes = connectKubernetes({ timeoutMs: CALL_MS, ...(kubeconfig === undefined ? {} : { kubeconfig }) });
  const seen = await look({ kubernetes, configuration, signal: new AbortController().signal }, target);
  printResult(options, seen.answer, () => diagnosisText(seen, coloursFor(process.stdout)));
  if (!seen.answer.healthy) process.exitCode = EXIT.bad;
}
