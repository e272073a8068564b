import { type ConfigurationOptions, Observable, ResponseContext, SelfDecodingBody } from '@kubernetes/client-node';
import { z } from 'zod';
import { KintsugiError } from '../errors.ts';
import type { Kubernetes } from './client.ts';
import type { AnswerCause } from './failures.ts';
import { callOptions } from './transport.ts';

/** A program behind the API server's proxy. */
export interface ProxiedRequest {
  namespace: string;
  /** `services` proves the selector and the endpoints too, though not kube-proxy (safety 21). */
  through: 'pods' | 'services';
  name: string;
  port: number;
  /** How the program is spoken to; its certificate is not checked, as the kubelet's probes do not. */
  scheme?: 'http' | 'https';
  /** With its leading slash. */
  path: string;
}

/** What came back: the program's status, or the API server's own word on why it could not ask. */
export interface ProxiedAnswer extends AnswerCause {
  /** The API server's reason; empty for a program's answer, which may hold anything. */
  message: string;
}

const answerCause: z.ZodType<AnswerCause> = z.object({ status: z.number(), fromApiServer: z.boolean() });

/**
 * GET through pods/NAME:PORT/proxy or services/NAME:PORT/proxy.
 * API: https://kubernetes.io/docs/tasks/access-application-cluster/access-cluster-services/
 * @throws KintsugiError only when the API server itself gave no answer; the signal's reason when `signal` gave the call up
 */
export async function proxyGet(
  kubernetes: Kubernetes,
  request: ProxiedRequest,
  signal?: AbortSignal,
): Promise<ProxiedAnswer> {
  const { namespace, through } = request;
  const seen = { status: 200 };
  const name = `${request.scheme === 'https' ? 'https:' : ''}${request.name}:${request.port}`;
  const parameters = { namespace, name, path: request.path.slice(1) };
  const options = statusOnly(seen, signal);
  try {
    if (through === 'pods') await kubernetes.core.connectGetNamespacedPodProxyWithPath(parameters, options);
    else await kubernetes.core.connectGetNamespacedServiceProxyWithPath(parameters, options);
    return { status: seen.status, fromApiServer: false, message: '' };
  } catch (thrown) {
    const answered = thrown instanceof KintsugiError ? answerCause.safeParse(thrown.cause).data : undefined;
    if (!(thrown instanceof KintsugiError) || answered === undefined) throw thrown;
    const fromApiServer = answered.fromApiServer || thrown.message.startsWith('error trying to reach service');
    return { status: answered.status, fromApiServer, message: fromApiServer ? thrown.message : '' };
  }
}

/**
 * The body of a GET through a pod's or a Service's proxy, as it came.
 * @throws KintsugiError with the API server's reason, or the program's status, where that is not 2xx
 */
export async function proxyDownload(
  kubernetes: Kubernetes,
  { namespace, through, name, port, path }: ProxiedRequest,
  signal: AbortSignal,
): Promise<Buffer> {
  let bytes = Buffer.alloc(0);
  const { middleware = [], ...options } = callOptions({ signal });
  const keep = async (response: ResponseContext) => {
    const received = await response.body.binary();
    if (response.httpStatusCode < 300) bytes = Buffer.from(received);
    const body = new SelfDecodingBody(Promise.resolve(Buffer.alloc(0)));
    return new ResponseContext(response.httpStatusCode, { 'content-type': 'text/plain' }, body);
  };
  const parameters = { namespace, name: `${name}:${port}`, path: path.slice(1) };
  const keeping: ConfigurationOptions = {
    ...options,
    middleware: [
      ...middleware,
      { pre: (context) => new Observable(Promise.resolve(context)), post: (answer) => new Observable(keep(answer)) },
    ],
  };
  if (through === 'pods') await kubernetes.core.connectGetNamespacedPodProxyWithPath(parameters, keeping);
  else await kubernetes.core.connectGetNamespacedServiceProxyWithPath(parameters, keeping);
  return bytes;
}

/** Notes the status and drops the body: client-node parses it by its media type, and many health pages have none. */
function statusOnly(seen: { status: number }, signal: AbortSignal | undefined): ConfigurationOptions {
  const { middleware = [], ...options } = callOptions(signal === undefined ? {} : { signal });
  return {
    ...options,
    middleware: [
      ...middleware,
      {
        pre: (context) => new Observable(Promise.resolve(context)),
        post(response) {
          seen.status = response.httpStatusCode;
          const body = new SelfDecodingBody(Promise.resolve(Buffer.alloc(0)));
          const plain = new ResponseContext(200, { 'content-type': 'text/plain' }, body);
          return new Observable(Promise.resolve(plain));
        },
      },
    ],
  };
}
