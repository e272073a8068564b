import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { KintsugiError } from '../../src/errors.ts';
import { findOnPath, run } from '../build/commands.ts';
import { BRIDGE, NODE_ADDRESS, POD_RANGE } from './layout.ts';
import type { ClusterState, FirewallRule, StateJournal } from './state.ts';

/** What Kubernetes' own programs name their chains with. */
const KUBERNETES_CHAINS = 'KUBE-';

/** Settings that the cluster needs, or that the kubelet and kube-proxy change; all get their old value back. */
const NEEDED_SETTINGS: Record<string, string> = {
  '/proc/sys/net/ipv4/ip_forward': '1',
  '/proc/sys/net/bridge/bridge-nf-call-iptables': '1',
};
const TOUCHED_SETTINGS = [
  '/proc/sys/vm/overcommit_memory',
  '/proc/sys/vm/panic_on_oom',
  '/proc/sys/kernel/panic',
  '/proc/sys/kernel/panic_on_oops',
  '/proc/sys/kernel/keys/root_maxkeys',
  '/proc/sys/kernel/keys/root_maxbytes',
  '/proc/sys/net/ipv4/conf/all/route_localnet',
  '/proc/sys/net/netfilter/nf_conntrack_tcp_be_liberal',
];

/**
 * Traffic between pods passes; what leaves the bridge for anywhere else is rejected (safety 27). Programs on this
 * machine are still reached: their traffic does not pass FORWARD. In the order in which they must stand.
 */
const RULES: FirewallRule[] = [
  { chain: 'FORWARD', rule: ['-i', BRIDGE, '-o', BRIDGE, '-s', POD_RANGE, '-j', 'ACCEPT'] },
  { chain: 'FORWARD', rule: ['-i', BRIDGE, '!', '-o', BRIDGE, '-j', 'REJECT'] },
];

/** Gives the machine the node's address, the kernel settings and the rules that keep pods on the machine. */
export async function setUpNetwork(journal: StateJournal): Promise<void> {
  setKernel(journal);
  journal.record((state) => {
    state.addresses.push({ address: `${NODE_ADDRESS}/32`, link: 'lo' });
    state.links.push(BRIDGE);
    state.firewallChains.push(KUBERNETES_CHAINS);
    state.firewallRules.push(...RULES);
  });
  await run('ip', ['addr', 'add', `${NODE_ADDRESS}/32`, 'dev', 'lo']);
  for (const [index, { chain, rule }] of RULES.entries()) {
    await run('iptables', ['-w', '-I', chain, String(index + 1), ...rule]);
  }
}

/**
 * Throws `refused` when another cluster's address or iptables chains are on this machine: they would be mixed up with
 * ours, and `down` would remove them. To be called before anything is recorded.
 */
export async function refuseForeignCluster(): Promise<void> {
  const addresses = await run('ip', ['-o', 'addr', 'show']);
  if (addresses.includes(` ${NODE_ADDRESS}/`)) {
    throw new KintsugiError(
      'refused',
      `${NODE_ADDRESS} exists on this machine already, and the state file lists none`,
      {
        where: 'ip addr',
        fix: 'Run `npm run cluster -- down` with the KINTSUGI_CACHE and KINTSUGI_DEV_STATE of the cluster that made it.',
      },
    );
  }
  if ((await run('iptables-save', [])).includes(`:${KUBERNETES_CHAINS}`)) {
    throw new KintsugiError('refused', 'another Kubernetes node runs on this machine: its iptables chains are there', {
      where: 'iptables-save',
      fix: 'Set KINTSUGI_DEV_KUBECONFIG to a cluster for development instead, or stop the other node.',
    });
  }
}

function setKernel(journal: StateJournal): void {
  const present = [...Object.keys(NEEDED_SETTINGS), ...TOUCHED_SETTINGS].filter((file) => existsSync(file));
  journal.record((state) => {
    for (const file of present) state.kernelSettings[file] ??= readFileSync(file, 'utf8').trim();
  });
  for (const [file, value] of Object.entries(NEEDED_SETTINGS)) if (existsSync(file)) writeFileSync(file, value);
}

/** Whether replies between pods on one bridge pass iptables, without which their Services need masquerading. */
export function bridgeTrafficPassesFirewall(): boolean {
  return existsSync('/proc/sys/net/bridge/bridge-nf-call-iptables');
}

/** Takes away rules, chains, links, addresses and kernel settings of a state; what is gone already is no fault. */
export async function removeNetwork(state: ClusterState): Promise<void> {
  for (const { chain, rule } of state.firewallRules) await quietly('iptables', ['-w', '-D', chain, ...rule]);
  for (const prefix of state.firewallChains) {
    await removeChains('iptables', prefix);
    await removeChains('ip6tables', prefix);
  }
  for (const link of state.links) await removeBridge(link);
  for (const { address, link } of state.addresses) await quietly('ip', ['addr', 'del', address, 'dev', link]);
  for (const [file, value] of Object.entries(state.kernelSettings)) if (existsSync(file)) writeFileSync(file, value);
}

/** Removes the bridge and the pods' links that hang on it (they are gone already where their namespaces are). */
async function removeBridge(bridge: string): Promise<void> {
  const ports = await quietly('ip', ['-o', 'link', 'show', 'master', bridge]);
  for (const line of ports.split('\n')) {
    const name = /^\d+: ([^@:]+)/.exec(line)?.[1];
    if (name !== undefined) await quietly('ip', ['link', 'del', name]);
  }
  await quietly('ip', ['link', 'del', bridge]);
}

/** Removes, table by table and in one transaction each, the chains with this beginning and the rules that jump to them. */
async function removeChains(program: 'iptables' | 'ip6tables', prefix: string): Promise<void> {
  if (findOnPath(`${program}-save`) === undefined) return;
  const script = chainRemovalScript(await quietly(`${program}-save`, []), prefix);
  if (script !== '') await run(`${program}-restore`, ['-w', '--noflush'], { input: script });
}

/** The input for `iptables-restore --noflush` that takes the chains with this beginning out of a dump of iptables-save. */
export function chainRemovalScript(dump: string, prefix: string): string {
  const tables: string[] = [];
  for (const table of dump.split(/^(?=\*)/m).filter((text) => text.startsWith('*'))) {
    const lines = table.split('\n');
    const chains = lines.flatMap((line) => (line.startsWith(`:${prefix}`) ? [line.slice(1).split(' ')[0]] : []));
    if (chains.length === 0) continue;
    const jumps = lines.filter(
      (line) => line.startsWith('-A ') && !line.startsWith(`-A ${prefix}`) && line.includes(` -j ${prefix}`),
    );
    tables.push(
      [
        lines[0],
        ...jumps.map((line) => line.replace(/^-A/, '-D')),
        ...chains.map((chain) => `-F ${chain}`),
        ...chains.map((chain) => `-X ${chain}`),
        'COMMIT',
        '',
      ].join('\n'),
    );
  }
  return tables.join('');
}

/** Runs a command whose failure means that there was nothing to do. */
async function quietly(program: string, args: string[]): Promise<string> {
  try {
    return await run(program, args);
  } catch {
    return '';
  }
}
