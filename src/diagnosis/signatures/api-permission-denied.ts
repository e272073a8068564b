import type { Signature } from '../signature.ts';

/** The Kubernetes API refuses the program's service account. */
export default {
  cause: 'api-permission-denied',
  patterns: [
    {
      // Plain, or inside JSON: the quotes may be escaped.
      regex: String.raw`system:serviceaccount:[^"\\]{1,200}\\?" cannot (\w+ resource \\?"?[\w./-]+)`,
      weight: 10,
      subject: 1,
      source: 'kubernetes staging/src/k8s.io/apiserver endpoints/handlers/responsewriters/errors.go forbiddenMessage',
    },
  ],
} satisfies Signature;
