import { fileURLToPath } from 'node:url';

/** How one program of the development world is made from its folder under dev/build. */
export type Recipe = GoRecipe | MavenRecipe;

interface CommonRecipe {
  /** A build from an empty cache on two cores, in seconds: for the 'about x min left' of the progress lines. */
  estimatedSeconds: number;
  /** An installed program that is taken instead of a build. */
  preferOnPath?: string;
}

/** A Go module with the program's pinned versions in go.mod and go.sum. */
export interface GoRecipe extends CommonRecipe {
  kind: 'go';
  /** The folder of a module that several programs are built from; else it has the program's name. */
  module?: string;
  /** What `go build` is given: `.`, or the tool's own package path. */
  package: string;
  /** Values for `-ldflags -X`. */
  variables?: Record<string, string>;
  /** The CustomResourceDefinitions that it works with: a module's files of a folder whose names begin so. They are put beside it. */
  definitions?: { module: string; folder: string; beginning: string };
}

/** A Maven project whose dependencies are the program; the result is a script that starts its main class. */
export interface MavenRecipe extends CommonRecipe {
  kind: 'maven';
  mainClass: string;
}

const KUBERNETES_VERSION = { 'version.gitVersion': 'v1.34.4', 'version.gitMajor': '1', 'version.gitMinor': '34' };

/** One module, so that what the programs have in common is compiled once. */
const STORAGE = { kind: 'go', module: 'storage' } as const;

/** Every program that can be built; its name is its folder under dev/build, if it names no other. */
export const RECIPES = {
  /** kube-apiserver, kube-controller-manager, kube-scheduler, kubelet, kube-proxy, kubectl, etcd and a provisioner of volumes. */
  kubernetes: {
    kind: 'go',
    package: '.',
    variables: Object.fromEntries(
      Object.entries(KUBERNETES_VERSION).flatMap(([name, value]) => [
        [`k8s.io/component-base/${name}`, value],
        [`k8s.io/client-go/pkg/${name}`, value],
      ]),
    ),
    estimatedSeconds: 300,
  },
  /** The container that holds a pod's network. */
  pause: { kind: 'go', package: '.', estimatedSeconds: 5 },
  coredns: { kind: 'go', package: 'github.com/coredns/coredns', estimatedSeconds: 100 },
  'metrics-server': { kind: 'go', package: 'sigs.k8s.io/metrics-server/cmd/metrics-server', estimatedSeconds: 80 },
  /** A CSI driver that keeps volumes and their snapshots in folders, and its provisioner. */
  storage: { ...STORAGE, package: '.', estimatedSeconds: 90 },
  /** The CSI project's controllers of VolumeSnapshots: the cluster's one, and the one that calls a driver. */
  'snapshot-controller': {
    ...STORAGE,
    package: 'github.com/kubernetes-csi/external-snapshotter/v8/cmd/snapshot-controller',
    definitions: {
      module: 'github.com/kubernetes-csi/external-snapshotter/client/v8',
      folder: 'config/crd',
      beginning: 'snapshot.storage.k8s.io_',
    },
    estimatedSeconds: 70,
  },
  'csi-snapshotter': {
    ...STORAGE,
    package: 'github.com/kubernetes-csi/external-snapshotter/v8/cmd/csi-snapshotter',
    estimatedSeconds: 15,
  },
  /** Temporal's command with its development server and UI. */
  temporal: {
    kind: 'go',
    package: 'github.com/temporalio/cli/cmd/temporal',
    estimatedSeconds: 170,
    preferOnPath: 'temporal',
  },
  /** A server that speaks MongoDB's protocol. */
  ferretdb: { kind: 'go', package: '.', estimatedSeconds: 60 },
  /** Flux's controllers, which revert what is changed in the cluster and run Helm releases. */
  'helm-controller': { kind: 'go', package: 'github.com/fluxcd/helm-controller', estimatedSeconds: 130 },
  'kustomize-controller': { kind: 'go', package: 'github.com/fluxcd/kustomize-controller', estimatedSeconds: 180 },
  /** Temporal's time-skipping server for tests of timers. */
  'temporal-test-server': {
    kind: 'maven',
    mainClass: 'io.temporal.testserver.TestServer',
    estimatedSeconds: 15,
  },
} satisfies Record<string, Recipe>;

export type BinaryName = keyof typeof RECIPES;

/** The folder with a program's module or project file. */
export function recipeFolder(name: BinaryName): string {
  const recipe: Recipe = RECIPES[name];
  const folder = recipe.kind === 'go' ? (recipe.module ?? name) : name;
  return fileURLToPath(new URL(folder, import.meta.url));
}
