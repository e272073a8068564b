import type { SignaturePattern } from '../signature.ts';

/** Shared libraries, architectures, .NET runtimes, Ruby and PHP. */
export const nativeStartup: readonly SignaturePattern[] = [
  {
    regex: String.raw`error while loading shared libraries: ([\w.+-]+)`,
    says: 'the shared library $ is not in the image',
    weight: 10,
    subject: 1,
    language: 'any',
    source: 'glibc elf/dl-error-skeleton.c',
  },
  {
    regex: String.raw`Error (?:loading shared library|relocating) ([\w./+-]+)`,
    weight: 10,
    subject: 1,
    language: 'any',
    source: 'musl ldso/dynlink.c',
  },
  {
    regex: String.raw`version .?(GLIBC(?:XX)?_[\d.]+).? not found`,
    weight: 10,
    subject: 1,
    language: 'any',
    source: 'glibc elf/dl-version.c',
  },
  {
    regex: String.raw`([\w.+-]+\.so[\w.]*): cannot open shared object file`,
    says: 'the shared library $ is not in the image',
    weight: 9,
    subject: 1,
    language: 'any',
    source: 'glibc elf/dl-load.c',
  },
  {
    regex: 'exec format error|cannot execute binary file',
    says: "the image is built for another architecture than the node's",
    weight: 9,
    language: 'any',
    source: 'Linux strerror(ENOEXEC): an image for another architecture',
  },
  {
    regex: "Could not load file or assembly '([^',]{1,200})",
    weight: 10,
    subject: 1,
    language: 'dotnet',
    source: 'dotnet/runtime System.Private.CoreLib Strings.resx IO_FileLoad_FileName',
  },
  {
    regex: String.raw`You must install or update \.NET to run this application|It was not possible to find any (?:compatible framework version|installed \.NET)|The framework '([\w.]+)', version`,
    weight: 10,
    subject: 1,
    language: 'dotnet',
    source: 'dotnet/runtime src/native/corehost/fxr/fx_resolver.messages.cpp',
  },
  {
    regex: String.raw`The application to execute does not exist: '?([^'\s]{1,200})|The command could not be loaded, possibly because|A fatal error was encountered\. (?:The library|Cannot execute dotnet|This executable was not bound)|An assembly specified in the application dependencies manifest`,
    weight: 10,
    subject: 1,
    language: 'dotnet',
    source: 'dotnet/runtime src/native/corehost',
  },
  {
    regex: String.raw`System\.(?:MissingMethodException|MissingFieldException|TypeLoadException|BadImageFormatException|DllNotFoundException|EntryPointNotFoundException|Reflection\.ReflectionTypeLoadException)`,
    weight: 9,
    language: 'dotnet',
    source: 'dotnet/runtime System.Private.CoreLib',
  },
  {
    regex:
      "Unable to resolve service for type '([^']{1,200})' while attempting to activate|Some services are not able to be constructed",
    weight: 8,
    subject: 1,
    language: 'dotnet',
    source: 'dotnet/runtime Microsoft.Extensions.DependencyInjection Strings.resx CannotResolveService',
  },
  { regex: String.raw`cannot load such file -- (\S+)`, weight: 10, subject: 1, source: 'Ruby load.c' },
  {
    regex: String.raw`Bundler::GemNotFound|Could not find (?:gem '|\S+ in (?:any of the sources|locally installed gems|cached gems))|bundler: command not found: (\S+)`,
    weight: 10,
    subject: 1,
    source: 'bundler lib/bundler/resolver.rb',
  },
  {
    regex: String.raw`PHP Fatal error: +Uncaught Error: (?:Class|Interface) "?([\w\\]+)"? not found|Failed opening required '([^']{1,300})'|require\(\): Failed opening`,
    weight: 9,
    subject: 1,
    source: 'PHP Zend/zend_execute_API.c; main/main.c',
  },
];
