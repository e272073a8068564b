import type { SignaturePattern } from '../signature.ts';

/** Shells, servers, and the words that programs give their own checks. */
export const programConfiguration: readonly SignaturePattern[] = [
  {
    regex: String.raw`(\w+): (?:unbound variable|parameter (?:not set|null or not set))`,
    says: '$ is not set',
    weight: 9,
    subject: 1,
    source: 'bash subst.c; dash src/expand.c',
  },
  {
    regex: String.raw`\[emerg\] .{0,80}(?:unknown directive|invalid (?:number of arguments|parameter|value|port)|unexpected|directive is not allowed|no "\w+" directive|cannot load certificate|open\(\) "([^"]{1,200})" failed \(2: )`,
    weight: 9,
    subject: 1,
    source: 'nginx src/core/ngx_conf_file.c',
  },
  {
    regex: String.raw`Bad configuration option|FATAL CONFIG FILE ERROR|configuration file .{0,80}contains errors|invalid value for parameter|unrecognized configuration parameter "(\w+)"|Error parsing (?:command line|config file|INI config)|Unrecognized option: (\S+)|unknown variable '`,
    weight: 8,
    subject: 1,
    source: 'redis src/config.c; PostgreSQL guc.c; mongod options_parser; mysqld',
  },
  {
    regex:
      'Database is uninitialized and (?:superuser )?password (?:is not specified|option is not specified)|You need to specify one of the following as an environment variable',
    weight: 10,
    source: 'docker-library postgres and mysql docker-entrypoint.sh',
  },
  {
    regex: String.raw`(?:error|failed|failure|unable|could not|cannot) (?:\w+ ){0,3}(?:load|loading|pars(?:e|ing)|read(?:ing)?|open(?:ing)?|validat\w+|unmarshal\w*|decod\w+|process\w*) (?:\w+ ){0,3}(?:config(?:uration)?|settings|environment)\b`,
    weight: 7,
    unless: 'permission denied|EACCES|Access(?:Denied| to the path)|kubeconfig',
    source: 'wording that programs give their own message',
  },
  {
    regex: String.raw`(?:invalid|wrong|malformed|incomplete) (?:\w+ ){0,2}(?:configuration|config|settings?|environment variables?|env vars?|connection string|dsn|value for (?:env|environment|[A-Z][A-Z0-9_]{2,}))\b`,
    weight: 7,
    source: 'wording that programs give their own message',
  },
  {
    regex: String.raw`^(?:\S{1,80}: )?(?:line )?\d+: ([A-Z][A-Z0-9_]{1,60}): .{0,60}?(?:must be|required|not set|missing|needed|unset|please set|is empty|undefined)`,
    weight: 8,
    subject: 1,
    says: '$ is not set',
    source: 'dash src/expand.c, bash subst.c: the message of \u0024{NAME:?message}',
  },
  {
    regex: String.raw`\bNo '([^']{1,100})' (?:key|option|setting|section) found in (?:the )?config|(?:key|option|setting|section) ["'\u0060]([\w.-]{1,100})["'\u0060] (?:was )?not found in (?:the )?config`,
    weight: 9,
    subject: 1,
    source: 'alembic alembic/script/base.py; wording that programs give their own message',
  },
  {
    regex: String.raw`\b(?:configuration|config|settings|environment)(?: is| are)? (?:not valid|invalid|incomplete|incorrect|validation (?:failed|error))\b`,
    weight: 7,
    source: 'wording that programs give their own message',
  },
  {
    regex: String.raw`^(?:[\w.]{1,40}: )?["'\u0060]?((?!ERROR|FATAL|WARN|HTTP|TLS|SSL|JSON|YAML|API|URL|SQL|DNS)[A-Z][A-Z0-9_]{2,})["'\u0060]? (?:environment variable )?(?:must be |is required|is not set|is missing|is not defined|is not provided|is empty|not set|not defined)`,
    weight: 7,
    subject: 1,
    source: 'wording that programs give their own message about a variable',
  },
  {
    regex: String.raw`(?:missing|required|undefined|unset|empty) (?:\w+ ){0,3}(?:configuration|config|settings?|environment variables?|env vars?|env)\b(?:[^A-Z\n]{0,40}\b([A-Z][A-Z0-9_]{2,}))?`,
    weight: 8,
    subject: 1,
    source: 'wording that programs give their own message',
  },
  {
    regex: String.raw`(?:environment variable|env var|variable|setting|option|config(?:uration)?(?: key| value)?) ["'\u0060]?([a-zA-Z][\w.]{1,80})["'\u0060]? (?:is |was |has |must |should |not |does )(?:\w+ ){0,3}(?:not |un|required|missing|empty|invalid|set|defined|be |found|provided|exist)`,
    weight: 8,
    subject: 1,
    source: 'wording that programs give their own message',
  },
  {
    regex: String.raw`\b([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b["'\u0060]?:? (?:environment variable |env var |variable )?(?:is |was |has |must be |has to be |needs to be |should be )?(?:not (?:been )?(?:set|defined|provided|found|configured|specified)|required|missing|undefined|unset|empty|invalid|defined|specified)\b`,
    weight: 8,
    subject: 1,
    unless: 'deprecat',
    source: 'wording that programs give their own message about a variable',
  },
  {
    regex: String.raw`\b([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b["'\u0060]? (?:environment variable )?(?:must be|has to be|needs to be|should be) (?:set|an?|one of|in|between|positive|greater|at least)\b`,
    weight: 8,
    subject: 1,
    source: 'wording that programs give their own message about a variable',
  },
  {
    regex: String.raw`(?:please |you must |must )(?:set|provide|specify|define|configure) (?:the |a |an )?(?:\w+ ){0,3}["'\u0060]?\$?\{?([A-Z][A-Z0-9]*_[A-Z0-9_]+)`,
    weight: 8,
    subject: 1,
    source: 'wording that programs give their own message about a variable',
  },
  {
    regex: String.raw`[Ii]nvalid (?:value (?:'[^']{0,80}' |"[^"]{0,80}" )?(?:for|of|in) )?(?:environment variable |env var |variable |setting )?["'\u0060]?([A-Z][A-Z0-9]*_?[A-Z0-9_]{2,})\b`,
    weight: 7,
    subject: 1,
    source: 'wording that programs give their own message about a variable',
  },
  {
    regex: String.raw`(?:password authentication failed for user "?([^"\s]{1,80})|Access denied for user '([^']{1,80})'|role "[^"]{1,80}" does not exist|database "[^"]{1,80}" does not exist|Unknown database '[^']{1,80}')`,
    weight: 9,
    subject: 1,
    source: 'PostgreSQL src/backend/libpq/auth.c; MySQL share/messages_to_clients.txt',
  },
  {
    regex: `model ["']([^"']{1,100})["'] not found(?:, try pulling it first)?`,
    says: 'Ollama has no model $; pull it or correct the name',
    weight: 8,
    subject: 1,
    near: 'ollama|404|pull',
    source: 'ollama server/routes.go',
  },
];
