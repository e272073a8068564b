import { createSecrets } from '../../src/actions/write/secrets.ts';

/** Redaction as the tests need it: what is called a password is a secret. */
export const secrets = createSecrets('a key for tests', (text) => text.replace(/(PASSWORD=).*/, '$1[cut]'));
