import type { Signature } from '../signature.ts';
import { ownWords } from '../wordings/own-words.ts';

const CREDENTIALS = '(?:AuthenticationFailed|Authentication failed|auth error|bad auth|MongoSecurityException|SCRAM)';

/** MongoDB cannot be reached, or no server of the set can be used. */
export default {
  cause: 'mongodb-connection-failure',
  patterns: [
    {
      regex: String.raw`ServerSelectionTimeoutError(?:: (?:SSL handshake failed: )?([\w.-]+:\d+))?`,
      weight: 9,
      subject: 1,
      language: 'python',
      unless: CREDENTIALS,
      source: 'pymongo pymongo/synchronous/topology.py _select_servers_loop',
    },
    {
      regex: String.raw`pymongo\.errors\.(?:AutoReconnect|NetworkTimeout|ConnectionFailure|NotPrimaryError|NotMasterError|WaitQueueTimeoutError|PyMongoError|ExecutionTimeout)\b(?:: (?:SSL handshake failed: )?([\w.-]+:\d+))?`,
      weight: 9,
      subject: 1,
      language: 'python',
      source: 'pymongo pymongo/errors.py',
    },
    {
      regex: String.raw`Mongo(?:ose)?(?:ServerSelection|Network|NetworkTimeout|Timeout|TopologyClosed|NotConnected|ServerClosed|PoolClosed|PoolCleared|WaitQueueTimeout)Error\b`,
      weight: 9,
      language: 'node',
      unless: CREDENTIALS,
      source: 'node-mongodb-native src/error.ts; mongoose lib/error/serverSelection.js',
    },
    {
      regex: String.raw`Server selection timed out after \d+ ms`,
      weight: 9,
      language: 'node',
      source: 'node-mongodb-native src/sdam/topology.ts processWaitQueue',
    },
    {
      regex: String.raw`buffering timed out after \d+ms`,
      weight: 8,
      language: 'node',
      source: 'mongoose lib/drivers/node-mongodb-native/collection.js',
    },
    {
      regex: String.raw`query(?:Srv|Txt) (?:ENOTFOUND|ETIMEOUT|ETIMEDOUT|ECONNREFUSED|ESERVFAIL|EREFUSED|ENODATA) (?:_mongodb\._tcp\.)?([\w.-]+)`,
      weight: 9,
      subject: 1,
      language: 'node',
      near: 'mongo',
      source:
        'Node.js lib/internal/errors.js dnsException; node-mongodb-native src/connection_string.ts resolveSRVRecord',
    },
    {
      regex: String.raw`_mongodb\._tcp\.([\w.-]+)`,
      weight: 8,
      subject: 1,
      near: '(?:does not exist|NXDOMAIN|ENOTFOUND|no such host|no nameservers|lifetime expired|server misbehaving|i/o timeout|DNS name not found|refused)',
      source:
        'pymongo pymongo/srv_resolver.py; mongo-go-driver x/mongo/driver/dns/dns.go; mongo-java-driver DefaultDnsResolver',
    },
    {
      regex: 'server selection error: (?:server selection timeout|context deadline exceeded|context canceled)',
      weight: 9,
      language: 'go',
      unless: CREDENTIALS,
      source: 'mongo-go-driver x/mongo/driver/topology/errors.go ServerSelectionError',
    },
    {
      regex: String.raw`(?:current topology: \{ Type: .{0,120}?Addr: ([\w.-]+:\d+)|client view of cluster state is \{type=.{0,120}?address=([\w.-]+:\d+))`,
      weight: 8,
      subject: 1,
      unless: CREDENTIALS,
      source: 'mongo-go-driver x/mongo/driver/description; mongo-java-driver BaseCluster.createTimeoutException',
    },
    {
      regex: String.raw`connection\(([\w.-]+:\d+)\[-?\d+\]\) (?:incomplete read|socket|unable to|failed)`,
      weight: 7,
      subject: 1,
      language: 'go',
      near: 'mongo|topology',
      source: 'mongo-go-driver x/mongo/driver/topology/errors.go ConnectionError',
    },
    {
      regex: String.raw`Mongo(?:Timeout|SocketOpen|SocketRead|SocketReadTimeout|SocketWrite|Socket|NotPrimary|NodeIsRecovering|Connection|ConnectionPool|ConnectionPoolCleared)Exception\b`,
      weight: 9,
      language: 'java',
      unless: CREDENTIALS,
      source:
        'mongo-java-driver com/mongodb/MongoTimeoutException.java and siblings; MongoDB.Driver.Core MongoConnectionException.cs',
    },
    {
      regex:
        'Timed out (?:after|while waiting) .{0,60}(?:while waiting (?:for a server|to connect)|for a server that matches)',
      weight: 8,
      language: 'java',
      unless: CREDENTIALS,
      source: 'mongo-java-driver com/mongodb/internal/connection/BaseCluster.java createTimeoutException',
    },
    {
      regex: String.raw`A timeout occurr?ed after \d+ms selecting a server using`,
      weight: 9,
      language: 'dotnet',
      unless: CREDENTIALS,
      source: 'MongoDB.Driver.Core Core/Clusters/Cluster.cs BuildTimeoutException',
    },
    {
      regex: 'Mongo::Error::(?:NoServerAvailable|SocketError|SocketTimeoutError|ConnectionCheckOutTimeout)',
      weight: 9,
      source: 'mongo-ruby-driver lib/mongo/error/no_server_available.rb',
    },
    {
      regex: String.raw`No suitable servers found(?: \(|:| \u0060)`,
      weight: 9,
      source: 'mongo-c-driver src/libmongoc/src/mongoc/mongoc-topology.c (PHP ConnectionTimeoutException)',
    },
    {
      regex: 'Server selection timeout: (?:No available servers|Server selection)',
      weight: 9,
      source: 'mongo-rust-driver src/sdam/description/topology.rs server_selection_timeout_error_message',
    },
    ...ownWords(
      'mongo(?:db|ose)?',
      '(?:AuthenticationFailed|Authentication failed|bad auth|must be escaped|Invalid scheme|Invalid connection string)',
    ),
  ],
} satisfies Signature;
