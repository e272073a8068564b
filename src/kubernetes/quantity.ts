import { KintsugiError } from '../errors.ts';

/**
 * Kubernetes quantities by value: `1Gi` equals `1024Mi`, `500m` equals `0.5`.
 * Grammar: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 * The value is held exactly, in billionths (the smallest unit that the API server keeps).
 */
export type Quantity = bigint;

const BILLION = 1_000_000_000n;
const FORM = /^([+-]?)(\d*)(?:\.(\d*))?(?:([eE])([+-]?\d+)|([EPTGMk]i?|Ki|[munE])?)$/;
const DECIMAL: Record<string, number> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const BINARY: Record<string, bigint> = {
  Ki: 2n ** 10n,
  Mi: 2n ** 20n,
  Gi: 2n ** 30n,
  Ti: 2n ** 40n,
  Pi: 2n ** 50n,
  Ei: 2n ** 60n,
};

/** @throws KintsugiError `invalid` for a text that is no quantity */
export function parseQuantity(text: string): Quantity {
  const match = FORM.exec(text.trim());
  const [, sign = '', whole = '', fraction = '', , exponent, suffix = ''] = match ?? [];
  if (match === null || whole + fraction === '') throw notAQuantity(text);
  const digits = BigInt(whole + fraction);
  const signed = sign === '-' ? -digits : digits;
  const binary = BINARY[suffix];
  if (binary !== undefined) return scale(signed * binary, 9 - fraction.length);
  const power = exponent === undefined ? DECIMAL[suffix] : Number(exponent);
  if (power === undefined || Math.abs(power) > 40) throw notAQuantity(text);
  return scale(signed, power + 9 - fraction.length);
}

/** Below zero, zero, above zero: as the first is less than, equal to, or more than the second. */
export function compareQuantities(a: string, b: string): number {
  const difference = parseQuantity(a) - parseQuantity(b);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

export function maximum(first: string, ...others: string[]): string {
  return others.reduce((largest, text) => (compareQuantities(text, largest) > 0 ? text : largest), first);
}

export function minimum(first: string, ...others: string[]): string {
  return others.reduce((least, text) => (compareQuantities(text, least) < 0 ? text : least), first);
}

/**
 * A quantity times a factor, rounded up: memory to whole Mi, cpu to whole thousandths.
 * @param factor a decimal such as 1.5; three places count
 */
export function multiplyQuantity(text: string, factor: number, resource: 'memory' | 'cpu'): string {
  const product = (parseQuantity(text) * BigInt(Math.round(factor * 1000))) / 1000n;
  return resource === 'memory' ? formatMemory(product) : formatCpu(product);
}

/** In the largest binary unit that holds it in whole numbers, at least Mi (rounded up): `1536Mi`, `2Gi`. */
export function formatMemory(quantity: Quantity): string {
  const mebibytes = divideUp(quantity, BILLION * 2n ** 20n);
  return mebibytes % 1024n === 0n && mebibytes > 0n ? `${mebibytes / 1024n}Gi` : `${mebibytes}Mi`;
}

/** In whole CPUs where it is that, else in thousandths (rounded up): `2`, `1500m`. */
export function formatCpu(quantity: Quantity): string {
  const thousandths = divideUp(quantity, BILLION / 1000n);
  return thousandths % 1000n === 0n ? String(thousandths / 1000n) : `${thousandths}m`;
}

/** Whether two values are quantities of the same value; false where one is no quantity. */
export function equalQuantities(a: unknown, b: unknown): boolean {
  try {
    return parseQuantity(String(a)) === parseQuantity(String(b));
  } catch {
    return false;
  }
}

function scale(digits: bigint, power: number): bigint {
  return power >= 0 ? digits * 10n ** BigInt(power) : divideUp(digits, 10n ** BigInt(-power));
}

/** The API server rounds away from zero what is finer than a billionth. */
function divideUp(value: bigint, by: bigint): bigint {
  if (value < 0n) return -divideUp(-value, by);
  return (value + by - 1n) / by;
}

function notAQuantity(text: string): KintsugiError {
  return new KintsugiError('invalid', `'${text}' is no quantity`, {
    where: text,
    fix: 'Write it as Kubernetes does: 512Mi, 2Gi, 250m.',
  });
}
