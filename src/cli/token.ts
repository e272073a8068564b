import { randomBytes } from 'node:crypto';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { stringify } from 'yaml';
import { loadConfiguration } from '../configuration/configuration.ts';
import { roles } from '../orders/roles.ts';
import { publicKeyOf } from '../orders/sign.ts';
import { tokenSettings } from '../orders/token-settings.ts';
import { hashOf, newToken } from '../orders/tokens.ts';
import { deadlineValue, jsonOption } from './options.ts';
import { type JsonOption, printResult } from './output.ts';

interface NewOptions extends JsonOption {
  name: string;
  person?: string;
  role: string;
  expires?: string;
}

/** `kintsugi token new|order-key` */
export default function register(program: Command): void {
  const group = program.command('token').description('make what the gateway knows people by, and what it vouches with');
  group
    .command('new')
    .description('make a token for the API: it is shown this once; the configuration takes its hash')
    .requiredOption('--name <name>', "the token's own name, e.g. alice", nameValue)
    .option('--person <person>', 'who orders with it, e.g. alice@example.org; the name if not given')
    .addOption(new Option('--role <role>', 'what its person may do').choices(roles).makeOptionMandatory())
    .option('--expires <time>', 'from when on it is refused: 2027-01-31T00:00:00Z, or 720h from now', (text) =>
      deadlineValue(text),
    )
    .addOption(jsonOption())
    .action(makeToken);
  group
    .command('order-key')
    .description(
      'make the key by which the gateway signs orders and its public half, or show that of KINTSUGI_ORDER_KEY',
    )
    .addOption(jsonOption())
    .action(showOrderKey);
}

function nameValue(text: string): string {
  if (/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/.test(text)) return text;
  throw new InvalidArgumentError('give a name of lower-case letters, digits and dashes.');
}

function makeToken(options: NewOptions): void {
  const { name, person = name, role, expires } = options;
  const token = newToken();
  const [entry] = tokenSettings.parse([
    { name, person, role, sha256: hashOf(token), ...(expires === undefined ? {} : { expires }) },
  ]);
  printResult(options, { token, entry }, () =>
    [
      `Token, shown this once: ${token}`,
      'For `tokens` in the configuration of the gateway:',
      `  ${stringify([entry], { collectionStyle: 'flow', lineWidth: 0 }).trim().replace(/^\[ ?/, '- ').replace(/ ?\]$/, '')}`,
    ].join('\n'),
  );
}

function showOrderKey(options: JsonOption): void {
  const known = loadConfiguration(process.env).orderKey;
  const key = known ?? randomBytes(32).toString('hex');
  const publicKey = publicKeyOf(key);
  printResult(options, { ...(known === undefined ? { key } : {}), publicKey }, () =>
    [
      ...(known === undefined ? [`For the gateway alone, KINTSUGI_ORDER_KEY:     ${key}`] : []),
      `For the worker,        KINTSUGI_ORDER_PUBLIC_KEY: ${publicKey}`,
    ].join('\n'),
  );
}
