import { isGrpcServiceError, ServiceError } from '@temporalio/client';
import { NamespaceNotFoundError, WorkflowNotFoundError } from '@temporalio/common';
import { type ErrorCode, KintsugiError, messageOf } from '../errors.ts';

/** gRPC status codes (https://grpc.io/docs/guides/status-codes/) by number, as ours. What is not listed is `unavailable`. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  3: 'invalid', // INVALID_ARGUMENT
  5: 'not-found', // NOT_FOUND
  6: 'conflict', // ALREADY_EXISTS
  7: 'forbidden', // PERMISSION_DENIED
  12: 'refused', // UNIMPLEMENTED
  16: 'forbidden', // UNAUTHENTICATED
};

const FIXES: Readonly<Record<ErrorCode, string>> = {
  invalid: 'the message says what Temporal does not accept',
  forbidden: 'give Kintsugi an API key or certificate that may use this namespace',
  'not-found': 'check the id and TEMPORAL_NAMESPACE',
  conflict: 'look at what is there already',
  timeout: 'see whether Temporal is overloaded, then try again',
  unavailable: 'start Temporal, or correct TEMPORAL_ADDRESS',
  refused: 'use a Temporal server that offers this call',
};

/** Anything that a call to Temporal throws, as ours. `where` is the service's address, or the workflow that it was about. */
export function temporalFailure(thrown: unknown, what: string, where: string): KintsugiError {
  if (thrown instanceof KintsugiError) return thrown;
  const status = statusOf(thrown);
  const code = status === null ? 'unavailable' : (CODES[status.code] ?? 'unavailable');
  const detail = status === null ? messageOf(thrown) : status.details;
  return new KintsugiError(code, `${what}: ${detail}`, { where, fix: FIXES[code], cause: thrown });
}

/** gRPC's FAILED_PRECONDITION, with which Temporal answers an update whose workflow task it had to do again. */
const FAILED_PRECONDITION = 9;

/** Whether Temporal dropped an update without the workflow having refused it: the same update may be sent again. */
export function isUpdateLost(thrown: unknown): boolean {
  return statusOf(thrown)?.code === FAILED_PRECONDITION;
}

/** The gRPC status behind an error of Temporal's client, which may have wrapped it. */
function statusOf(thrown: unknown): { code: number; details: string } | null {
  // The client's own errors for gRPC's NOT_FOUND, which do not carry it on.
  if (thrown instanceof WorkflowNotFoundError) return { code: 5, details: thrown.message };
  if (thrown instanceof NamespaceNotFoundError) return { code: 5, details: `namespace ${thrown.namespace} not found` };
  if (isGrpcServiceError(thrown)) return { code: thrown.code, details: thrown.details };
  return thrown instanceof ServiceError && thrown.cause !== undefined ? statusOf(thrown.cause) : null;
}
