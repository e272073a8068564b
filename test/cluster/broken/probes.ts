import { app, type Broken, python } from './workloads.ts';

const PATH_404 = { httpGet: { path: '/gone', port: 8080 }, periodSeconds: 1, failureThreshold: 1 };
const SERVES_500 = `
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(500)
        self.end_headers()
http.server.ThreadingHTTPServer(("0.0.0.0", 8080), Handler).serve_forever()
`;
const SERVES_LATE = `
import http.server, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(30)
http.server.ThreadingHTTPServer(("0.0.0.0", 8080), Handler).serve_forever()
`;

/** Probes that fail. */
export const PROBES: readonly Broken[] = [
  {
    name: 'readiness-path',
    make: app('readiness-path', { readinessProbe: { httpGet: { path: '/gone', port: 8080 }, periodSeconds: 1 } }),
    cause: 'readiness-probe-failure',
    subject: ':8080/gone',
    says: ['no such path'],
  },
  {
    name: 'liveness-path',
    make: app('liveness-path', { livenessProbe: PATH_404 }),
    cause: 'liveness-probe-failure',
    subject: ':8080/gone',
    says: ['no such path', 'patience does not cure it'],
  },
  {
    name: 'liveness-port',
    make: app('liveness-port', { livenessProbe: { tcpSocket: { port: 8081 }, periodSeconds: 1, failureThreshold: 1 } }),
    cause: 'liveness-probe-failure',
    subject: ':8081',
    says: ['nothing listens on its port (the container declares 8080)'],
  },
  {
    name: 'liveness-500',
    make: app(
      'liveness-500',
      python(SERVES_500, { livenessProbe: { ...PATH_404, httpGet: { path: '/', port: 8080 } } }),
    ),
    cause: 'liveness-probe-failure',
    subject: ':8080/',
    says: ['status 500', 'patience does not cure it'],
  },
  {
    name: 'liveness-late',
    make: app(
      'liveness-late',
      python(SERVES_LATE, {
        livenessProbe: { ...PATH_404, httpGet: { path: '/', port: 8080 }, initialDelaySeconds: 5 },
      }),
    ),
    cause: 'liveness-probe-failure',
    subject: ':8080/',
    says: ['does not answer in time'],
  },
  {
    name: 'throttled',
    make: app(
      'throttled',
      python('while True: pass', {
        resources: { limits: { cpu: '20m', memory: '128Mi' } },
        livenessProbe: {
          exec: { command: ['python3', '-c', 'import json, http.server'] },
          periodSeconds: 2,
          timeoutSeconds: 1,
          initialDelaySeconds: 8,
        },
      }),
    ),
    cause: 'liveness-probe-failure',
    says: ['does not answer in time', 'throttled in', 'patience alone does not cure it'],
  },
];
