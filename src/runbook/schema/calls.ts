import { z } from 'zod';
import { actionNames } from '../../actions/names.ts';
import { checkNames } from '../../checks/names.ts';

/** `{action-name: {parameters}}`, exactly one key; the parameters are checked by the action's own schema on validation. */
export const actionCall = z
  .partialRecord(z.enum(actionNames), z.record(z.string(), z.json()))
  .refine((call) => Object.keys(call).length === 1, 'one action with its parameters: {set-resources: {...}}');

export const checkCall = z.union([
  z.enum(checkNames),
  z
    .partialRecord(z.enum(checkNames), z.record(z.string(), z.json()))
    .refine((call) => Object.keys(call).length === 1, 'one check with its parameters: {http: {path: /health}}'),
]);
