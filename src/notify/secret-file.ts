import { readFileSync } from 'node:fs';
import { KintsugiError, messageOf } from '../errors.ts';

/**
 * The content of a secret's file, read anew each time, so that a mounted Secret may change while the worker runs. Neither the
 * content nor a part of it is ever in the error.
 * @throws KintsugiError `invalid` where it cannot be read, or holds nothing
 */
export function readSecret(path: string, where: string): string {
  const fault = (message: string, cause?: unknown) =>
    new KintsugiError('invalid', message, { where, fix: 'name a readable file that holds the value', cause });
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (thrown) {
    throw fault(`the file cannot be read: ${messageOf(thrown)}`, thrown);
  }
  if (text === '') throw fault(`the file ${path} is empty`);
  return text;
}
