/** What the worker's bundle exports: one handler for every workflow type, since a type is a runbook's name, and one of its own. */
export { recover as default } from './recovery.ts';
export { kintsugiSilences } from './silences.ts';
