import type { V1Pod } from '@kubernetes/client-node';
import type { ActionContext } from '../../../src/actions/action.ts';
import type { ExecInPod } from '../../../src/kubernetes/exec.ts';
import { performPatch } from '../../../src/kubernetes/json-patch.ts';
import type { Plan, Target } from '../../../src/recovery/values.ts';
import { paths, targetRoutes } from '../../activities/fake-target.ts';
import { type FakeApiServer, startApiServer } from '../../checks/api-server.ts';
import { fakeContainer, type Program } from '../../kubernetes/fake-container.ts';
import { type PodShape, pod } from '../../verification/objects.ts';
import { contextFor, planned } from '../action-context.ts';
import { memoryArtifacts, memoryExecutions } from '../memory-stores.ts';

/** The target of these tests, and the file that its programs read and write its state in. */
export const target: Target = { namespace: 'test', kind: 'Deployment', name: 'app' };
export const FILE = '/tmp/state.json';
export const SAVE = { command: ['export'], output: FILE };

/** An agent whose container exports and imports its state, behind an API server that knows its pods. */
export class Agent {
  readonly server: FakeApiServer;
  readonly artifacts = memoryArtifacts();
  readonly executions = memoryExecutions();
  /** The state in the container, and the file with a state, as its programs see them. */
  state = 'former';
  file: Buffer | null = null;
  readonly programs: Record<string, Program> = {
    export: async () => {
      this.file = Buffer.from(this.state);
      return { output: Buffer.from('exported') };
    },
    import: async () => {
      this.state = this.file?.toString() ?? '';
      return { output: Buffer.from('imported') };
    },
    cat: async () => ({ output: this.file ?? Buffer.alloc(0) }),
    sh: async (_args, stdin) => {
      this.file = await stdin();
      return {};
    },
    rm: async () => {
      this.file = null;
      return {};
    },
  };

  constructor(server: FakeApiServer) {
    this.server = server;
    this.withPods([runningPod({ name: 'app-1', readyFor: 100 })]);
  }

  withPods(pods: V1Pod[]): void {
    const routes = targetRoutes(pods);
    let deployment = routes[paths.deployment];
    Object.assign(this.server.routes, routes, {
      [paths.deployment]: (request: { method: string; body: string }, response: import('node:http').ServerResponse) => {
        const operations = request.method === 'PATCH' ? JSON.parse(request.body) : [];
        deployment = performPatch(JSON.parse(JSON.stringify(deployment)), operations) as object;
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(deployment));
      },
      ...Object.fromEntries(pods.map((made) => [`${paths.pods}/${made.metadata?.name}`, made])),
    });
  }

  context(step = 5, over: Partial<ActionContext> = {}): ActionContext {
    const { artifacts, executions } = this;
    return contextFor(this.server.kubernetes, target, { artifacts, executions, step, ...over });
  }

  /** Runs the container's programs, or those of a test in the place of its own, and tells which ran. */
  execWith(programs: Record<string, Program> = {}): ExecInPod & { ran: string[][] } {
    const container = fakeContainer({ ...this.programs, ...programs });
    const exec: ExecInPod = (_kubernetes, request, streams) =>
      container.run(request.command, { timeoutMs: request.timeoutMs, ...streams });
    return Object.assign(exec, { ran: container.ran });
  }

  exportPlan(): Promise<Plan> {
    return planned(this.context(0), 'export-state', SAVE);
  }

  async importPlan(content = 'wanted'): Promise<Plan> {
    const { sha256 } = await this.artifacts.put(content);
    return planned(this.context(0), 'import-state', { from: sha256, command: ['import'], input: FILE, save: SAVE });
  }
}

export async function startAgent(): Promise<Agent> {
  return new Agent(await startApiServer({}));
}

export function runningPod(shape: PodShape, id = 'containerd://1'): V1Pod {
  const made = pod(shape);
  for (const status of made.status?.containerStatuses ?? []) status.containerID = id;
  return made;
}

/** A worker that dies in a program: nothing that it would have done afterwards is done. */
export const dies: Program = () => Promise.reject(new Error('the worker was killed'));
