/** Why a `fetch` got no answer. */
export interface FetchFailure {
  /** The time was over: whether the request was taken is not known. */
  timedOut: boolean;
  /** `does not answer in time`, `connect ECONNREFUSED 127.0.0.1:9`, ... */
  reason: string;
  /** Nothing was sent yet, so nothing can have been taken. */
  unsent: boolean;
}

/** Node's codes of a connection that never came about. */
const NEVER_SENT = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'];

/**
 * Reads what `fetch` threw: it says "fetch failed" and keeps the reason (ECONNREFUSED, a bad certificate) in the cause. By
 * shape, not by `instanceof`: the errors of Node's own fetch come from another realm than a test's.
 */
export function fetchFailure(thrown: unknown): FetchFailure {
  const { name, message, cause } = shapeOf(thrown);
  if (name === 'TimeoutError') return { timedOut: true, unsent: false, reason: 'does not answer in time' };
  const root = shapeOf(cause);
  const reason = root.message ?? root.code ?? message ?? String(thrown);
  return { timedOut: false, unsent: root.code !== undefined && NEVER_SENT.includes(root.code), reason };
}

function shapeOf(thrown: unknown): { name?: string; message?: string; code?: string; cause?: unknown } {
  if (typeof thrown !== 'object' || thrown === null) return {};
  return {
    ...('name' in thrown && typeof thrown.name === 'string' ? { name: thrown.name } : {}),
    ...('message' in thrown && typeof thrown.message === 'string' && thrown.message !== ''
      ? { message: thrown.message }
      : {}),
    ...('code' in thrown && typeof thrown.code === 'string' ? { code: thrown.code } : {}),
    ...('cause' in thrown ? { cause: thrown.cause } : {}),
  };
}
