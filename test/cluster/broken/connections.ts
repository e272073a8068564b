import { app, type Broken, python, withService } from './workloads.ts';

const ASKS_THE_API = `
import ssl, sys, urllib.request, urllib.error
folder = "/var/run/secrets/kubernetes.io/serviceaccount/"
request = urllib.request.Request("https://kubernetes.default.svc/api/v1/namespaces/default/secrets")
request.add_header("Authorization", "Bearer " + open(folder + "token").read())
try:
    urllib.request.urlopen(request, context=ssl.create_default_context(cafile=folder + "ca.crt"))
except urllib.error.HTTPError as error:
    sys.exit(error.read().decode())
`;

/** Names, Services and the API server, as they are asked for in vain. */
export const CONNECTIONS: readonly Broken[] = [
  {
    name: 'no-such-host',
    make: withService(
      {},
      'orders-db',
      app(
        'no-such-host',
        python('import os, socket; socket.create_connection((os.environ["DB_HOST"], 5432))', {
          env: [{ name: 'DB_HOST', value: 'order-db' }],
        }),
      ),
    ),
    cause: 'dns-failure',
    subject: 'order-db',
    says: ['env DB_HOST of app', 'Did you mean orders-db?'],
  },
  {
    name: 'service-selector',
    make: withService({ selector: { app: 'service-selectr' } }, 'service-selector', app('service-selector')),
    cause: 'service-without-endpoints',
    subject: 'service-selector',
    says: ['app=service-selector, not app=service-selectr'],
  },
  {
    name: 'service-port',
    make: withService({ ports: [{ port: 80, targetPort: 'htpp' }] }, 'service-port', app('service-port')),
    cause: 'service-without-endpoints',
    subject: 'service-port',
    says: ['targetPort htpp'],
  },
  {
    name: 'api-refuses',
    make: app('api-refuses', python(ASKS_THE_API)),
    cause: 'api-permission-denied',
    subject: 'list secrets',
    says: ['/default may not list secrets in namespace default'],
  },
];
