import { KintsugiError, messageOf } from '../../errors.ts';

/** One thing that doctor looked at: what it saw, and what mends it; `fix` is empty where nothing is wrong. */
export interface DoctorCheck {
  name: string;
  ok: boolean;
  saw: string;
  fix: string;
}

/** How long one check may take: doctor never hangs. */
export const CHECK_TIMEOUT_MS = 10_000;

export function good(name: string, saw: string): DoctorCheck {
  return { name, ok: true, saw, fix: '' };
}

export function bad(name: string, saw: string, fix: string): DoctorCheck {
  return { name, ok: false, saw, fix };
}

/** Runs one check in its time; whatever it throws is what it saw. */
export async function examine(
  name: string,
  look: () => Promise<DoctorCheck> | DoctorCheck,
  timeoutMs: number = CHECK_TIMEOUT_MS,
): Promise<DoctorCheck> {
  const late = Promise.withResolvers<DoctorCheck>();
  const timer = setTimeout(() => {
    late.resolve(
      bad(name, `no answer within ${timeoutMs / 1000} s`, 'see whether what it asks is overloaded, then try again'),
    );
  }, timeoutMs);
  try {
    return await Promise.race([look(), late.promise]);
  } catch (thrown) {
    const { message, fix } = faultOf(thrown);
    return bad(name, message, fix);
  } finally {
    clearTimeout(timer);
  }
}

/** Anything thrown, as ours. */
export function faultOf(thrown: unknown): KintsugiError {
  if (thrown instanceof KintsugiError) return thrown;
  const details = { where: 'doctor', fix: 'the message says what is wrong', cause: thrown };
  return new KintsugiError('unavailable', messageOf(thrown), details);
}
