import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { KintsugiError, messageOf } from '../../src/errors.ts';
import { cacheFolder } from '../build/cache.ts';
import { processIdentitySchema } from '../build/process-identity.ts';

const firewallRuleSchema = z.object({ chain: z.string(), rule: z.array(z.string()) });
export type FirewallRule = z.infer<typeof firewallRuleSchema>;

const registrySchema = z.object({ address: z.string(), user: z.string(), password: z.string() });
/** A registry that stands in for ghcr.io and docker.io; `address` is host:port, plain HTTP. */
export type Registry = z.infer<typeof registrySchema>;

const clusterSchema = z.object({
  /** Path of a kubeconfig with all rights. */
  kubeconfig: z.string(),
  /** Path of the kubeconfig of the user `kintsugi`, whose rights come from deploy/. */
  kintsugiKubeconfig: z.string(),
  /** Path of a kubectl bound to this cluster. */
  kubectl: z.string().optional(),
  /** Path of the API server's audit log, JSON lines: reads at level Metadata, writes at level Request. */
  auditLog: z.string().optional(),
  registry: registrySchema.optional(),
  /** The address under which pods reach programs that listen on this machine. */
  nodeAddress: z.string().optional(),
});
export type ClusterAccess = z.infer<typeof clusterSchema>;

/** Everything that `up` made on this machine and `down` has to take away, written down before it is made. */
export const stateSchema = z.object({
  provider: z.enum(['built-in', 'kind']),
  /** The kernel's boot id: after a reboot only files are left. */
  bootId: z.string(),
  /** Changes when another version of this project would build another cluster. */
  recipe: z.string(),
  /** The folder of all its files, and of every mount. */
  data: z.string(),
  processes: z.array(processIdentitySchema.extend({ name: z.string() })),
  cgroups: z.array(z.string()),
  links: z.array(z.string()),
  addresses: z.array(z.object({ address: z.string(), link: z.string() })),
  firewallRules: z.array(firewallRuleSchema),
  /** iptables chains with these beginnings belong to the cluster. */
  firewallChains: z.array(z.string()),
  /** Files under /proc/sys with the value that they had before. */
  kernelSettings: z.record(z.string(), z.string()),
  /** Containers of the Docker engine (provider kind). */
  dockerContainers: z.array(z.string()),
  /** Present once the cluster was ready. */
  access: clusterSchema.optional(),
});
export type ClusterState = z.infer<typeof stateSchema>;

/** The state file's path: KINTSUGI_DEV_STATE, else in the cache folder. */
export function stateFilePath(environment: NodeJS.ProcessEnv = process.env): string {
  return environment.KINTSUGI_DEV_STATE || join(cacheFolder(environment), 'cluster-state.json');
}

/** A state in which nothing exists yet. */
export function emptyState(provider: ClusterState['provider'], recipe: string, data: string): ClusterState {
  return {
    provider,
    bootId: bootId(),
    recipe,
    data,
    processes: [],
    cgroups: [],
    links: [],
    addresses: [],
    firewallRules: [],
    firewallChains: [],
    kernelSettings: {},
    dockerContainers: [],
  };
}

/** Reads the state; undefined when there is no cluster. Throws `invalid` when the file cannot be understood. */
export function readState(file = stateFilePath()): ClusterState | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  try {
    return stateSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new KintsugiError('invalid', `the cluster's state file cannot be understood: ${messageOf(error)}`, {
      where: file,
      fix: 'Stop what it lists by hand (processes, bridge, address), then delete the file.',
      cause: error,
    });
  }
}

/** Writes the state in one step, so that a killed process never leaves half a file. */
export function writeState(state: ClusterState, file = stateFilePath()): void {
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, file);
}

/** Forgets the cluster: the last step of `down`. */
export function removeState(file = stateFilePath()): void {
  rmSync(file, { force: true });
}

/** Names the running boot of this machine. */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return 'unknown';
  }
}

/** The state while a cluster is being made: every `record` is on disk before it returns. */
export class StateJournal {
  readonly state: ClusterState;
  readonly #file: string;

  constructor(state: ClusterState, file = stateFilePath()) {
    this.state = state;
    this.#file = file;
    writeState(state, file);
  }

  /** Changes the state and writes it. Record first, then make: whatever exists is then always listed. */
  record(change: (state: ClusterState) => void): void {
    change(this.state);
    writeState(this.state, this.#file);
  }
}
