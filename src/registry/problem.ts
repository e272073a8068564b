import { z } from 'zod';
import { fetchFailure } from '../fetch-failure.ts';

/** Why a registry did not give what was asked for. */
export interface RegistryProblem {
  kind:
    | 'not-an-image-name'
    /** 404: there is no such repository, tag or digest. */
    | 'no-image'
    /** 401, and nothing is there to answer it with. */
    | 'no-credentials'
    /** 401 or 403 to the credentials that there are. */
    | 'denied'
    /** 429. */
    | 'rate-limited'
    /** No connection: refused, unknown name, TLS, no answer in time. */
    | 'away'
    /** 5xx, or an answer that is none of the registry's API. */
    | 'broken';
  /** What was seen, with the address: `http://10.99.0.1:5000: has no such image (404)`. Never a password. */
  saw: string;
}

/** Carries a {@link RegistryProblem} inside of this folder; its edges turn it into an answer. */
export class RegistryFailure extends Error {
  readonly problem: RegistryProblem;

  constructor(problem: RegistryProblem) {
    super(problem.saw);
    this.name = 'RegistryFailure';
    this.problem = problem;
  }
}

/** What a status other than 2xx and 401 says. */
export function statusProblem(status: number): RegistryProblem {
  if (status === 404) return { kind: 'no-image', saw: 'has no such image (404)' };
  if (status === 403) return { kind: 'denied', saw: 'does not permit it (403)' };
  if (status === 429) return { kind: 'rate-limited', saw: 'has reached its rate limit (429)' };
  return { kind: 'broken', saw: `answers ${status}` };
}

/** What anything thrown on the way says: no answer at all is `away`, an answer that does not parse is `broken`. */
export function problemOf(thrown: unknown): RegistryProblem {
  if (thrown instanceof RegistryFailure) return thrown.problem;
  if (thrown instanceof SyntaxError || thrown instanceof z.ZodError)
    return { kind: 'broken', saw: 'answers what no registry answers' };
  return { kind: 'away', saw: fetchFailure(thrown).reason };
}
