import type { Finding } from '../../recovery/values.ts';
import type { ServiceEvidence } from '../evidence/connection.ts';
import type { Evidence } from '../evidence.ts';
import { finding } from '../finding.ts';

/** Services that lead nowhere although pods are ready: a selector that finds none, a port name that no container has. */
export function serviceFacts(evidence: Evidence): Finding[] {
  const ready = evidence.pods.filter((pod) => pod.ready).length;
  if (ready === 0) return [];
  const { service, services } = evidence;
  return [...(service === null ? [] : [service]), ...services].flatMap((each) => {
    const told = tell(each, ready);
    if (told === null) return [];
    return [
      finding({
        cause: 'service-without-endpoints',
        subject: each.name,
        score: 90,
        ...told,
        quotes: [
          {
            source: `Service/${each.name} selector`,
            text: Object.entries(each.selector)
              .map(([key, value]) => `${key}=${value}`)
              .join(','),
          },
        ],
      }),
    ];
  });
}

function tell(service: ServiceEvidence, ready: number): { summary: string; mend?: string } | null {
  const { name, found, endpointsReady, unknownPorts = [], differs = [] } = service;
  if (!found) return { summary: `Service ${name} is not there.` };
  const pods = ready === 1 ? 'a pod is ready' : `${ready} pods are ready`;
  if (unknownPorts.length > 0 && endpointsReady === 0) return portText(name, unknownPorts, pods);
  if (endpointsReady > 0) return unknownPorts.length > 0 ? portText(name, unknownPorts, pods) : null;
  if (differs.length > 0)
    return {
      summary: `Service ${name} has no endpoints although ${pods}: its selector does not find them (they have ${differs.join('; ')}).`,
      mend: "Correct the Service's selector.",
    };
  return { summary: `Service ${name} has no ready endpoint although ${pods}: its selector does not find them.` };
}

function portText(name: string, ports: string[], pods: string): { summary: string; mend: string } {
  return {
    summary: `Service ${name} leads nowhere although ${pods}: its targetPort ${ports.join(', ')} is the name of no container's port.`,
    mend: "Name the container's port, or give its number.",
  };
}
