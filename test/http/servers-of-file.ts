import { afterEach } from '@jest/globals';
import { startServer, type TestServer } from './server.ts';

/** Starts servers in the tests of a file; each is closed after the test that started it. */
export function serversOfFile(): typeof startServer {
  const servers: TestServer[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });
  return async (answer) => {
    const server = await startServer(answer);
    servers.push(server);
    return server;
  };
}
