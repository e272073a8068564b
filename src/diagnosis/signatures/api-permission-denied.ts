import type { Signature } from '../signature.ts';

/** The Kubernetes API refuses the program's service account. */
export default {
  cause: 'api-permission-denied',
  patterns: [
    {
      regex: String.raw`User "system:serviceaccount:[^"]{1,200}" cannot (\w+ resource "?[\w./-]+)`,
      weight: 10,
      subject: 1,
      source: 'kubernetes staging/src/k8s.io/apiserver endpoints/handlers/responsewriters/errors.go forbiddenMessage',
    },
    {
      regex: String.raw`User \\"system:serviceaccount:[^"]{1,200}\\" cannot (\w+ resource \\?"?[\w./-]+)`,
      weight: 10,
      subject: 1,
      source: 'the same inside JSON',
    },
  ],
} satisfies Signature;
