import { loadConfiguration } from '../configuration/configuration.ts';
import { connectTemporal } from '../temporal/connect.ts';
import type { Session } from '../temporal/recoveries.ts';

/** Reads the configuration, connects, and closes the connection whatever happens. Throws what stands against it. */
export async function withTemporal<T>(use: (session: Session) => Promise<T>): Promise<T> {
  const configuration = loadConfiguration(process.env);
  const client = await connectTemporal(configuration.temporal);
  try {
    return await use({ client, configuration });
  } finally {
    await client.connection.close();
  }
}
