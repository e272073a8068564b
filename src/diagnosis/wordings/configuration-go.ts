import type { SignaturePattern } from '../signature.ts';

/** Settings that Go programs and their libraries refuse. */
export const goConfiguration: readonly SignaturePattern[] = [
  {
    regex: String.raw`strconv\.(?:Atoi|ParseInt|ParseUint|ParseFloat|ParseBool): parsing "([^"]{0,200})": (?:invalid syntax|value out of range)`,
    says: '$ is no number',
    weight: 9,
    subject: 1,
    language: 'go',
    source: 'Go src/strconv/number.go NumError.Error',
  },
  {
    regex: String.raw`strconv\.\w+: parsing \\?"([^"\\]{0,200})`,
    says: '$ is no number',
    weight: 8,
    subject: 1,
    language: 'go',
    source: 'the same, quoted in a structured log',
  },
  {
    regex: String.raw`required key (\w+) missing value|envconfig\.Process: assigning (\w+)|env: (?:required environment variable|environment variable|parse error on field)|required environment variable "?(\w+)"? is not set|envconfig: keys? (\w+) not found`,
    says: '$ is not set',
    weight: 10,
    subject: 1,
    language: 'go',
    source: 'kelseyhightower/envconfig envconfig.go; caarlos0/env error.go',
  },
  {
    regex: 'Config File "([^"]{1,80})" Not Found in|While parsing config: |Unsupported Config Type',
    says: 'its configuration file is not there: $',
    weight: 10,
    subject: 1,
    language: 'go',
    source: 'spf13/viper errors (file.go, viper.go)',
  },
  {
    regex: String.raw`yaml: (?:line \d+: |unmarshal errors|control characters|did not find|mapping values|found character|invalid)`,
    weight: 9,
    language: 'go',
    source: 'go-yaml yaml.go, scannerc.go, parserc.go',
  },
  {
    regex: String.raw`toml: (?:line \d+|cannot|incompatible types|expected|invalid)|error converting YAML to JSON`,
    weight: 9,
    language: 'go',
    source: 'BurntSushi/toml parse.go; sigs.k8s.io/yaml',
  },
  {
    regex:
      "json: (?:cannot unmarshal|unknown field)|invalid character '.{1,6}' (?:looking for beginning of|after|in string|in literal|in numeric)|unexpected end of JSON input",
    weight: 8,
    language: 'go',
    source: 'Go src/encoding/json/scanner.go, decode.go',
  },
  {
    regex: String.raw`flag provided but not defined: (-\S+)|invalid (?:boolean )?value "[^"]{0,200}" for (?:flag )?(-\S+)|flag needs an argument: (\S+)|unknown (?:short)?hand flag|unknown flag: (--\S+)|unknown command "([^"]{1,60})" for|invalid argument "[^"]{0,200}" for "([^"]{1,100})" flag|required flag\(s\) "([^"]{1,100})" not set`,
    weight: 9,
    subject: 1,
    language: 'go',
    source: 'Go src/flag/flag.go; spf13/pflag; spf13/cobra',
  },
  {
    regex: String.raw`time: (?:invalid duration|missing unit in duration|unknown unit)(?: "?([^"\s]{1,60})"?)?`,
    says: '$ is no duration; Go wants a unit, as in 30s',
    weight: 9,
    subject: 1,
    language: 'go',
    source: 'Go src/time/format.go ParseDuration',
  },
  {
    regex: String.raw`parse "[^"]{0,300}": (?:first path segment in URL cannot contain colon|missing protocol scheme|invalid port|invalid character|net/url|invalid URL escape|invalid userinfo|empty url)|unsupported protocol scheme|address (\S+): (?:missing port in address|too many colons)|missing port in address|unknown port|invalid port`,
    weight: 9,
    subject: 1,
    language: 'go',
    source: 'Go src/net/url/url.go; src/net/http/transport.go; src/net/ipsock.go',
  },
  {
    regex: String.raw`open (/\S{1,300}): no such file or directory|open (\S{1,300}\.(?:ya?ml|json|toml|ini|conf|cfg|env|pem|crt|key|properties)): no such file or directory`,
    says: '$ is not there; mount it or correct the path',
    weight: 7,
    subject: 1,
    language: 'go',
    source: 'Go io/fs PathError with syscall.ENOENT',
  },
  {
    regex: '(?:not a valid logrus Level|unrecognized level|Unknown Level String)',
    weight: 8,
    language: 'go',
    source: 'sirupsen/logrus; uber-go/zap zapcore/level.go; rs/zerolog',
  },
];
