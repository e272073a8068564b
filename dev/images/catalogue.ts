/** What the development cluster's images are made of. One entry an image; `ensureImage` builds it. */

/** A Debian root file system with these packages. */
export interface DebianLayer {
  kind: 'debian';
  suite: string;
  packages: string[];
}

/** Busybox of Debian with a link for each of its programs, and the libraries it needs: nothing else. */
export interface BusyboxLayer {
  kind: 'busybox';
  suite: string;
}

/** One layer of an image. Paths in `from` and `requirements` are relative to this folder. */
export type Layer =
  | DebianLayer
  | BusyboxLayer
  /** Python packages, exactly the pinned ones of a requirements file, on Python 3.11's path. */
  | { kind: 'python'; requirements: string }
  /** Files or folders of this repository. */
  | { kind: 'files'; files: { from: string; to: string }[] }
  /** An empty folder of a user's own: `RUN install -d -o 1000 -g 1000 /path`. */
  | { kind: 'folder'; path: string; owner: number }
  /** One symbolic link: `RUN ln -s to at`. */
  | { kind: 'link'; at: string; to: string }
  /** A program that dev/build makes. */
  | { kind: 'program'; name: 'ferretdb'; to: string };

/** The part of an OCI image configuration that these images set, in its own spelling. */
export interface ImageConfig {
  Cmd: string[];
  Env?: string[];
  User?: string;
  WorkingDir?: string;
}

export interface ImageDefinition {
  /** The full reference under which pods ask for it. */
  reference: string;
  layers: Layer[];
  config: ImageConfig;
}

/** One root file system for all, so that a node stores it once: Redis adds 3 MB to it. */
const DEBIAN: Layer = {
  kind: 'debian',
  suite: 'bookworm',
  packages: ['ca-certificates', 'python3', 'redis-server'],
};
const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The user and group of Agent Bruno and of KOSMOS' agents. */
const USER = 1000;

/** Agent Bruno's image as its Dockerfile would make it, with the given requirements file. */
function agentBruno(tag: string, requirements: string): ImageDefinition {
  return {
    reference: `ghcr.io/brunovlucena/agent-bruno:${tag}`,
    layers: [
      DEBIAN,
      { kind: 'python', requirements: `agent-bruno/${requirements}` },
      { kind: 'folder', path: '/var/log/agent-bruno', owner: USER },
      { kind: 'files', files: [{ from: 'agent-bruno/src', to: '/app/src' }] },
    ],
    config: {
      Cmd: ['uvicorn', 'src.main:app', '--host', '0.0.0.0', '--port', '8080'],
      Env: [PATH, 'PYTHONUNBUFFERED=1', 'PYTHONDONTWRITEBYTECODE=1'],
      User: `${USER}:${USER}`,
      WorkingDir: '/app',
    },
  };
}

/** A KOSMOS agent's image. Its packages are Agent Bruno's, in the same layer; what is more is its own. */
const KOSMOS_AGENT: ImageDefinition = {
  reference: 'ghcr.io/kosmos/agent-runtime:1.4.0',
  layers: [
    DEBIAN,
    { kind: 'python', requirements: 'agent-bruno/requirements.txt' },
    { kind: 'python', requirements: 'kosmos/requirements.txt' },
    { kind: 'link', at: '/usr/local/bin/python', to: '/usr/bin/python3' },
    { kind: 'folder', path: '/data', owner: USER },
    { kind: 'files', files: [{ from: 'kosmos/kosmos', to: '/app/kosmos' }] },
  ],
  config: {
    Cmd: ['uvicorn', 'kosmos.server:app', '--host', '0.0.0.0', '--port', '8000', '--no-access-log'],
    Env: [PATH, 'PYTHONPATH=/app', 'PYTHONUNBUFFERED=1', 'PYTHONDONTWRITEBYTECODE=1'],
    User: `${USER}:${USER}`,
    WorkingDir: '/app',
  },
};

export const IMAGE_NAMES = [
  'agent-bruno:latest',
  'agent-bruno:v2-missing-package',
  'redis',
  'ferretdb',
  'ollama',
  'busybox',
  'kosmos-agent',
] as const;
export type ImageName = (typeof IMAGE_NAMES)[number];

export const IMAGES: Record<ImageName, ImageDefinition> = {
  'agent-bruno:latest': agentBruno('latest', 'requirements.txt'),
  /** A later build whose requirements lost `requests`, which src/main.py still imports. */
  'agent-bruno:v2-missing-package': agentBruno('v2-missing-package', 'requirements-v2.txt'),
  redis: {
    reference: 'docker.io/library/redis:7.0',
    layers: [DEBIAN],
    config: { Cmd: ['redis-server'], Env: [PATH], WorkingDir: '/data' },
  },
  ferretdb: {
    reference: 'ghcr.io/ferretdb/ferretdb:1.24.0',
    layers: [{ kind: 'program', name: 'ferretdb', to: '/ferretdb' }],
    config: { Cmd: ['/ferretdb', '-listen', '0.0.0.0:27017', '-data', '/data'] },
  },
  ollama: {
    reference: 'docker.io/ollama/ollama:0.6.3',
    layers: [DEBIAN, { kind: 'files', files: [{ from: 'ollama/server.py', to: '/app/server.py' }] }],
    config: { Cmd: ['python3', '/app/server.py'], Env: [PATH, 'PYTHONUNBUFFERED=1'], User: '1000:1000' },
  },
  /** What a debug session runs. The dynamic one: busybox-static's wget crashes when it looks a name up. */
  busybox: {
    reference: 'docker.io/library/busybox:latest',
    layers: [{ kind: 'busybox', suite: 'bookworm' }],
    config: { Cmd: ['sh'], Env: [PATH] },
  },
  'kosmos-agent': KOSMOS_AGENT,
};
