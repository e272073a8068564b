import { type Configuration, loadConfiguration } from '../configuration/configuration.ts';
import type { Kubernetes } from '../kubernetes/client.ts';
import { connectKubernetes } from '../kubernetes/connect.ts';

/** The cluster of KUBECONFIG. Commands load this file only when they need the cluster. */

/** The clients for the configured cluster; no call is made yet. Throws `invalid` without a usable kubeconfig. */
export function configuredCluster({ kubeconfig }: Pick<Configuration, 'kubeconfig'>): Kubernetes {
  return connectKubernetes(kubeconfig === undefined ? {} : { kubeconfig });
}

/** Where the pause switch is: the configured cluster, Kintsugi's own namespace on it. */
export function pauseSwitch(): { kubernetes: Kubernetes; namespace: string; cluster: string } {
  const configuration = loadConfiguration(process.env);
  const { namespace, cluster } = configuration;
  return { kubernetes: configuredCluster(configuration), namespace, cluster };
}
