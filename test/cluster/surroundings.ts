import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PageReceiver, startPageReceiver } from '../../dev/world/page-receiver.ts';
import { type Observer, observe } from '../../dev/world/recovery.ts';
import { startTemporal, type TemporalServer } from '../../dev/world/temporal.ts';
import { type AuditEntry, auditLogEnd, auditLogOf, entriesSince } from './audit-log.ts';
import { type HoldingProxy, startHoldingProxy } from './holding-proxy.ts';

/** What takes back what was started, each step in its turn; the last begins. */
export type Undo = (() => Promise<unknown>)[];

/** Starts everything in a folder of its own; what fails takes back all that was started, and so does `stop`. */
export async function startTogether<World>(
  prefix: string,
  start: (folder: string, undo: Undo) => Promise<World>,
): Promise<World & { stop(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  const undo: Undo = [async () => rmSync(folder, { recursive: true, force: true })];
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    return { ...(await start(folder, undo)), stop };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

/** What Kintsugi has around it besides the cluster itself. */
export interface Surroundings {
  temporal: TemporalServer;
  observer: Observer;
  pages: PageReceiver;
  /** Stands between Kintsugi and the API server, and can hold its calls. */
  proxy: HoldingProxy;
  /** The path of a kubeconfig that leads through the proxy. */
  kubeconfig: string;
  /** What Kintsugi asked of the API server since `start`, an end of the audit log that was read before. */
  auditSince(start: number): AuditEntry[];
  auditEnd(): number;
}

/** Starts Temporal, a proxy to the API server, and somebody who is paged; `cluster` tells one test's calls from another's. */
export async function startSurroundings(folder: string, cluster: string, undo: Undo): Promise<Surroundings> {
  const userAgent = `kintsugi-test/${cluster}`;
  const log = auditLogOf(process.env.KINTSUGI_TEST_AUDIT_LOG);
  const proxy = await startHoldingProxy(fromEnvironment('KINTSUGI_TEST_KINTSUGI_KUBECONFIG'), userAgent);
  undo.push(proxy.close);
  const kubeconfig = join(folder, 'kubeconfig.json');
  writeFileSync(kubeconfig, proxy.kubeconfig);
  const temporal = await startTemporal(folder, () => undefined);
  undo.push(temporal.stop);
  const observer = await observe(temporal.address);
  undo.push(observer.close);
  const pages = await startPageReceiver();
  undo.push(pages.stop);
  return {
    temporal,
    observer,
    pages,
    proxy,
    kubeconfig,
    auditSince: (start) => entriesSince(log, start, userAgent),
    auditEnd: () => auditLogEnd(log),
  };
}

function fromEnvironment(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run the file by npm test`);
  return value;
}
