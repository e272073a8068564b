import { compareQuantities, maximum, minimum, multiplyQuantity } from '../../kubernetes/quantity.ts';

/** What a runbook wants for one resource of a container. */
export interface Wanted {
  request?: string | undefined;
  limit?: string | undefined;
  factor?: number | undefined;
  cap?: string | undefined;
}

/** The values to set; absent where nothing is raised. */
export interface Raise {
  limits?: string;
  requests?: string;
}

/**
 * Safety 8: the limit becomes max(written, factor x current), at most the cap, and only if that is more than now; the request
 * becomes what is written if that is more than now, never above the limit. Without a raised limit nothing is raised.
 */
export function raise(
  resource: 'memory' | 'cpu',
  current: { limit?: string | undefined; request?: string | undefined },
  wanted: Wanted,
): Raise {
  const limit = raisedLimit(resource, current.limit, wanted);
  if (limit === undefined) return {};
  if (wanted.request === undefined) return { limits: limit };
  const request = minimum(maximum(wanted.request, current.request ?? '0'), limit);
  const isMore = current.request === undefined || compareQuantities(request, current.request) > 0;
  return isMore ? { limits: limit, requests: request } : { limits: limit };
}

function raisedLimit(
  resource: 'memory' | 'cpu',
  current: string | undefined,
  { limit, factor, cap }: Wanted,
): string | undefined {
  if (current === undefined) return undefined;
  const multiplied = factor === undefined ? current : multiplyQuantity(current, factor, resource);
  const wanted = maximum(multiplied, limit ?? current);
  const capped = cap === undefined ? wanted : minimum(wanted, cap);
  return compareQuantities(capped, current) > 0 ? capped : undefined;
}
