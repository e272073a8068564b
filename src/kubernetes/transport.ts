import {
  type ConfigurationOptions,
  type HttpLibrary,
  IsomorphicFetchHttpLibrary,
  Observable,
  type PatchStrategy,
  type RequestContext,
  ResponseContext,
  type SecurityAuthentication,
  SelfDecodingBody,
  setHeaderOptions,
} from '@kubernetes/client-node';
import { KintsugiError } from '../errors.ts';
import { failureOfAnswer, failureOfCredentials, failureOfNetwork, failureOfTime } from './failures.ts';

/**
 * client-node's HTTP layer with what it lacks: every call ends within `timeoutMs` with the whole body read, and whatever goes
 * wrong is a {@link KintsugiError}. A call given up by its caller's signal rejects with that signal's reason.
 */
export function boundedTransport(timeoutMs: number): HttpLibrary {
  const http = new IsomorphicFetchHttpLibrary();
  return { send: (request) => new Observable(send(http, request, timeoutMs)) };
}

async function send(http: HttpLibrary, request: RequestContext, timeoutMs: number): Promise<ResponseContext> {
  const method = request.getHttpMethod().toString();
  const given = request.getSignal();
  const timeout = AbortSignal.timeout(timeoutMs);
  request.setSignal(given === undefined ? timeout : AbortSignal.any([given, timeout]));
  let status: number;
  let headers: Record<string, string>;
  let body: string;
  try {
    const response = await http.send(request).toPromise();
    status = response.httpStatusCode;
    headers = response.headers;
    body = await response.body.text();
  } catch (error) {
    if (given?.aborted === true) throw given.reason;
    if (timeout.aborted) throw failureOfTime(method, request.getUrl(), timeoutMs);
    throw failureOfNetwork(method, request.getUrl(), error);
  }
  if (status < 200 || status > 299) throw failureOfAnswer(method, request.getUrl(), { status, body });
  return new ResponseContext(status, headers, new SelfDecodingBody(Promise.resolve(Buffer.from(body))));
}

/** A kubeconfig's credentials, with their failures (exec plug-ins, token files) made {@link KintsugiError}s. */
export function checkedCredentials(credentials: SecurityAuthentication): SecurityAuthentication {
  return {
    getName: () => credentials.getName(),
    async applySecurityAuthentication(request: RequestContext) {
      try {
        await credentials.applySecurityAuthentication(request);
      } catch (error) {
        if (error instanceof KintsugiError) throw error;
        throw failureOfCredentials(request.getHttpMethod().toString(), request.getUrl(), error);
      }
    },
  };
}

/**
 * The second argument of any client-node call.
 * @param options `signal` gives the call up early; `patch` is the content type (client-node's default is JSON Patch)
 */
export function callOptions(options: { signal?: AbortSignal; patch?: PatchStrategy }): ConfigurationOptions {
  const { signal, patch } = options;
  const abortable: ConfigurationOptions =
    signal === undefined
      ? { middleware: [] }
      : {
          middleware: [
            {
              pre(request) {
                request.setSignal(signal);
                return new Observable(Promise.resolve(request));
              },
              post: (response) => new Observable(Promise.resolve(response)),
            },
          ],
        };
  if (patch === undefined) return { ...abortable, middlewareMergeStrategy: 'append' };
  return setHeaderOptions('Content-Type', patch, abortable);
}
