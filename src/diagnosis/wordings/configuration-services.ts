import type { SignaturePattern } from '../signature.ts';

/** Redis and MongoDB answer, but were addressed wrongly: credentials, schemes, escaping. */
export const serviceConfiguration: readonly SignaturePattern[] = [
  {
    regex:
      '(?:WRONGPASS|NOAUTH|There was an authentication failure; check that passwords|invalid username-password pair|ERR invalid password|ERR AUTH <password> called without any password configured|Client sent AUTH, but no password is set|NOPERM|DENIED Redis is running in protected mode)',
    says: 'Redis answers but refuses its user or password; correct the credentials in its Redis URL',
    weight: 10,
    source: 'redis src/acl.c authCommand, src/server.c shared.noautherr',
  },
  {
    regex: String.raw`redis(?:\.asyncio)?\.exceptions\.(?:AuthenticationError|AuthenticationWrongNumberOfArgsError|NoPermissionError|AuthorizationError|MovedError)`,
    says: 'Redis answers but refuses its user or password; correct the credentials in its Redis URL',
    weight: 10,
    language: 'python',
    source: 'redis-py redis/exceptions.py',
  },
  {
    regex:
      '(?:DB index is out of range|invalid DB index|ERR SELECT is not allowed in cluster mode|ERR This instance has cluster support disabled)',
    says: 'Redis has no database of the number in its Redis URL',
    weight: 10,
    source: 'redis src/db.c selectCommand',
  },
  {
    regex:
      'redis: invalid (?:URL scheme|database number|URL path|username)|TypeError: Invalid (?:protocol|pathname)|invalid redis url',
    says: 'its Redis URL is not valid; it must begin with redis:// or rediss://',
    weight: 10,
    source: 'go-redis options.go ParseURL; @redis/client lib/client/index.ts parseURL',
  },
  {
    regex: String.raw`pymongo\.errors\.(?:InvalidURI|InvalidName)(?:: (.{1,160}))?`,
    weight: 10,
    subject: 1,
    language: 'python',
    source: 'pymongo pymongo/uri_parser_shared.py',
  },
  {
    regex: String.raw`pymongo\.errors\.ConfigurationError(?:: (.{1,160}))?`,
    weight: 9,
    subject: 1,
    language: 'python',
    unless: '_mongodb._tcp|DNS|resolution lifetime',
    source: 'pymongo pymongo/errors.py',
  },
  {
    regex: String.raw`(?:Authentication failed\.|bad auth : |auth error: |AuthenticationFailed|MongoSecurityException|Command .{1,40} requires authentication|not authorized on \w+ to execute command|SASL authentication (?:failed|step))`,
    says: 'MongoDB answers but refuses its user or password; correct the credentials in its MongoDB URL',
    weight: 10,
    source: 'mongodb src/mongo/db/auth; mongo-go-driver x/mongo/driver/auth',
  },
  {
    regex:
      'MongoParseError|MongoInvalidArgumentError|MongoAPIError: Invalid|Invalid scheme, expected connection string to start with|Invalid connection string|Unescaped (?:slash|colon|at-sign)|URI must include hostname|Password contains unescaped characters|URI contained empty userinfo|The connection string is invalid|connection string contains invalid user information',
    weight: 10,
    language: 'node',
    source:
      'mongodb-connection-string-url src/index.ts; mongo-java-driver ConnectionString.java; MongoDB.Driver ConnectionString.cs',
  },
  {
    regex: 'MongoConfigurationException',
    weight: 9,
    unless: '_mongodb._tcp|SRV record|DNS',
    source: 'mongo-java-driver com/mongodb/MongoConfigurationException.java; MongoDB.Driver.Core',
  },
  {
    regex: 'error parsing uri: (?:scheme must be|unescaped|must have|invalid|parse)|error validating uri',
    weight: 10,
    language: 'go',
    source: 'mongo-go-driver x/mongo/driver/connstring/connstring.go',
  },
  {
    regex: String.raw`No such transport: ([\w+.-]{0,80})`,
    weight: 10,
    subject: 1,
    says: 'the broker URL begins with $, which is no transport of the client',
    language: 'python',
    source: 'kombu kombu/transport/__init__.py resolve_transport',
  },
  {
    regex: 'must be escaped according to RFC 3986',
    says: 'a user or password in its MongoDB URL holds characters that must be percent-encoded',
    weight: 10,
    source: 'pymongo uri_parser_shared.py parse_userinfo',
  },
  {
    regex: String.raw`(?:ServerSelectionTimeoutError: ([\w-]+:(?!270\d\d\b)\d+): \[Errno -\d\])`,
    says: 'a password in its MongoDB URL holds an unescaped / ? or #, so that $ is taken for the host; percent-encode it',
    weight: 10,
    subject: 1,
    language: 'python',
    unless: String.raw`mongo[\w.-]*:\d+: \[Errno`,
    source: 'pymongo: a password with / ? # unescaped leaves user:password as the host',
  },
  {
    regex: String.raw`Mongo(?:ose)?ServerSelectionError: getaddrinfo E\w+ ([\w-]+)\b`,
    says: 'a password in its MongoDB URL holds an unescaped / ? or #, so that $ is taken for the host; percent-encode it',
    weight: 10,
    subject: 1,
    language: 'node',
    near: String.raw`'[\w-]+:(?!270\d\d')\d+' => `,
    source: 'node-mongodb-native: the same',
  },
];
