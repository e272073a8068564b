/** What the worker's bundle exports: one handler for every workflow type, since a type is a runbook's name. */
export { recover as default } from './recovery.ts';
