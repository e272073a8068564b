import type { SignaturePattern } from '../signature.ts';

/** What Node cannot resolve, parse or load. */
export const nodeStartup: readonly SignaturePattern[] = [
  {
    regex: "Cannot find (?:module|package) '([^']{1,300})'",
    says: '$ is not in the image; add it to the image, or correct the command',
    weight: 10,
    subject: 1,
    language: 'node',
    source: 'Node.js lib/internal/modules/cjs/loader.js; lib/internal/errors.js ERR_MODULE_NOT_FOUND',
  },
  {
    regex: String.raw`\b(?:MODULE_NOT_FOUND|ERR_MODULE_NOT_FOUND|ERR_REQUIRE_ESM|ERR_REQUIRE_ASYNC_MODULE|ERR_UNKNOWN_FILE_EXTENSION|ERR_PACKAGE_PATH_NOT_EXPORTED|ERR_UNSUPPORTED_DIR_IMPORT|ERR_DLOPEN_FAILED|ERR_UNKNOWN_BUILTIN_MODULE|ERR_UNSUPPORTED_ESM_URL_SCHEME|ERR_IMPORT_ATTRIBUTE_MISSING|ERR_IMPORT_ASSERTION_TYPE_MISSING|ERR_INVALID_PACKAGE_CONFIG|ERR_INVALID_PACKAGE_TARGET|ERR_INTERNAL_ASSERTION|ERR_AMBIGUOUS_MODULE_SYNTAX)\b`,
    weight: 9,
    language: 'node',
    source: 'Node.js lib/internal/errors.js',
  },
  {
    regex: String.raw`SyntaxError: (?:Named export '(\w+)' not found|The requested module '([^']{1,200})' does not provide an export named)`,
    weight: 10,
    subject: 1,
    language: 'node',
    source: 'Node.js lib/internal/modules/esm/module_job.js; V8 messages',
  },
  {
    regex:
      "Cannot use import statement outside a module|require is not defined in ES module scope|exports is not defined in ES module scope|(?:__dirname|__filename|module) is not defined in ES module scope|await is only valid in async functions|Missing initializer in const declaration|Unexpected token 'export'",
    weight: 9,
    language: 'node',
    source: 'Node.js lib/internal/modules/helpers.js; V8 src/common/message-template.h',
  },
  {
    regex: String.raw`^SyntaxError: (?:Unexpected (?:token|identifier|end of input|reserved word|strict mode)|Invalid or unexpected token|missing \)|Identifier '|Invalid left-hand)`,
    weight: 7,
    language: 'node',
    unless: String.raw`JSON|in parse|position \d+`,
    source: 'V8 src/common/message-template.h',
  },
  {
    regex: String.raw`was compiled against a different Node\.js version|invalid ELF header|Could not (?:locate the bindings file|load the "sharp" module)|No native build was found for|node-loader|is not a valid Win32 application`,
    weight: 9,
    language: 'node',
    source: 'Node.js src/node_binding.cc; node-gyp-build; bindings',
  },
  {
    regex: String.raw`npm (?:ERR!|error) (?:Missing script:|missing script:) ?"?([\w:.-]+)"?`,
    says: 'package.json has no script $',
    weight: 10,
    subject: 1,
    language: 'node',
    source: 'npm run-script',
  },
  {
    regex: String.raw`npm (?:ERR!|error) (?:enoent|code ENOENT|Could not read package\.json)|error Command "(\w+)" not found|Couldn't find a package\.json file|ERR_PNPM_NO_(?:SCRIPT|IMPORTER_MANIFEST_FOUND)`,
    weight: 9,
    subject: 1,
    language: 'node',
    source: 'npm read-package-json; yarn; pnpm',
  },
  {
    regex:
      'Could not find a production build in the|Query ?[Ee]ngine .{0,80}(?:could not be found|could not locate)|@prisma/client did not initialize yet|PrismaClientInitializationError: (?:Unable to require|Query engine library)',
    weight: 9,
    language: 'node',
    source: 'next.js server/next-server; prisma client runtime',
  },
  {
    regex: String.raw`Nest can't resolve dependencies of|TypeError: \w[\w.]{0,80} is not a constructor|Error: Unsupported engine|The engine "node" is incompatible`,
    weight: 8,
    language: 'node',
    source: 'nest packages/core/errors/messages.ts; V8',
  },
  {
    regex: String.raw`^(?:TypeError: [\w.$]{1,80} is not a function|ReferenceError: (\w+) is not defined)`,
    weight: 6,
    subject: 1,
    language: 'node',
    near: String.raw`Module\._load|Module\._compile|ModuleJob\.run`,
    source: 'V8 src/common/message-template.h: code or library that does not fit, while modules load',
  },
];
