import type { Cause } from '../runbook/schema/causes.ts';
import type { ConnectionWording } from './wordings/connection.ts';
import { dotnetConnections } from './wordings/connection-dotnet.ts';
import { goConnections } from './wordings/connection-go.ts';
import { javaConnections } from './wordings/connection-java.ts';
import { nodeConnections } from './wordings/connection-node.ts';
import { otherConnections } from './wordings/connection-others.ts';
import { pythonConnections } from './wordings/connection-python.ts';

/** All wordings of failed connections, of every language. */
export const connectionWordings: readonly ConnectionWording[] = [
  ...pythonConnections,
  ...nodeConnections,
  ...javaConnections,
  ...goConnections,
  ...dotnetConnections,
  ...otherConnections,
];

/** One backing service that a runbook can mend, and how a text shows that it is meant. */
export interface BackingService {
  cause: Cause;
  ports: ReadonlySet<number>;
  mark: RegExp;
}

export const backingServices: readonly BackingService[] = [
  {
    cause: 'redis-connection-failure',
    ports: new Set([6379, 6380, 26379, 16379]),
    mark: /redis|valkey|lettuce|jedis|bullmq|:6379\b/i,
  },
  { cause: 'mongodb-connection-failure', ports: new Set([27017, 27018, 27019]), mark: /mongo|:27017\b/i },
  {
    cause: 'ollama-timeout',
    ports: new Set([11434]),
    mark: /ollama|\bllm\b|llama|:?\b11434\b|\/api\/(?:version|tags|generate|chat|embed(?:dings)?|ps|show)\b/i,
  },
];

/** Services that no cause of a runbook stands for: a connection to one of these is named, never attributed to another. */
export const otherPorts: ReadonlySet<number> = new Set([
  80, 443, 1433, 1521, 2181, 2379, 3306, 4222, 4317, 4318, 5432, 5433, 5671, 5672, 6650, 7687, 8086, 8123, 8200, 8500,
  9000, 9042, 9092, 9093, 9200, 9300, 11211, 15672, 5060, 25, 465, 587, 389, 636, 22, 53,
]);
export const otherMark =
  /postgres|psycopg|mysql|mariadb|kafka|rabbit|amqp|elasticsearch|opensearch|cassandra|memcache|zookeeper|etcd|consul|vault|nats|minio|influx|clickhouse|neo4j|keycloak|stripe|smtp|ldap|sqlserver|oracle|temporal|otel|jaeger|zipkin|\bpg\b|node_modules\/pg\//i;
