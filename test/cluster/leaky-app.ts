import type { V1EnvVar } from '@kubernetes/client-node';
import type { Kubernetes } from '../../src/kubernetes/client.ts';

/** A program that logs what nobody may see, and then ends for want of a variable. */

const VALUE = 'kn0wn/Secret+value';

/** What stands in its raw log, and must stand in nothing that is shown or kept. */
export const LEAKS = [
  VALUE,
  Buffer.from(VALUE).toString('base64'),
  Buffer.from(`app:${VALUE}`).toString('base64'),
  encodeURIComponent(VALUE),
  'redis-pass-1234',
  'bearer-token-abcdefgh',
  'json-field-value-1',
  'cookie-value-99',
  'literal-password-7',
  'MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQC7VJTUt9Us8cKj',
];

export const LEAKY_PROGRAM = `
import base64, os, urllib.parse
value = os.environ["CREDENTIAL"]
print("value", value)
print("base64", base64.b64encode(value.encode()).decode())
print("pair", base64.b64encode(("app:" + value).encode()).decode())
print("encoded", urllib.parse.quote(value, safe=""))
print("connecting to redis://:redis-pass-1234@redis:6379/0")
print("Authorization: Bearer bearer-token-abcdefgh")
print('{"user": "app", "password": "json-field-value-1"}')
print("Set-Cookie: session=cookie-value-99; Path=/")
print("with", os.environ["ADMIN_PASSWORD"])
print("-----BEGIN PRIVATE KEY-----\\nMIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQC7VJTUt9Us8cKj\\n-----END PRIVATE KEY-----", flush=True)
os.environ["REQUIRED_SETTING"]
`;

export const LEAKY_ENV: V1EnvVar[] = [
  { name: 'CREDENTIAL', valueFrom: { secretKeyRef: { name: 'credential', key: 'value' } } },
  { name: 'ADMIN_PASSWORD', value: 'literal-password-7' },
];

/** The Secret that the program is given. */
export async function createCredential(kubernetes: Kubernetes, namespace: string): Promise<void> {
  const body = { metadata: { name: 'credential' }, stringData: { value: VALUE } };
  await kubernetes.core.createNamespacedSecret({ namespace, body });
}
