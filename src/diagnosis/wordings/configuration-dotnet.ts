import type { SignaturePattern } from '../signature.ts';

/** Settings that .NET programs refuse. */
export const dotnetConfiguration: readonly SignaturePattern[] = [
  {
    regex: String.raw`The input string '([^']{0,100})' was not in a correct format|System\.FormatException`,
    weight: 8,
    subject: 1,
    language: 'dotnet',
    source: 'dotnet/runtime Strings.resx Format_InvalidStringWithValue',
  },
  {
    regex:
      "Failed to (?:convert|load) configuration (?:value|from file)(?: at '([^']{1,100})'| '([^']{1,200})')?|The configuration file '([^']{1,200})' was not found",
    weight: 10,
    subject: 1,
    language: 'dotnet',
    source: 'dotnet/runtime Microsoft.Extensions.Configuration.Binder, .FileExtensions, .Json Strings.resx',
  },
  {
    regex: String.raw`OptionsValidationException|DataAnnotation validation failed for '([^']{1,100})'|Value cannot be null\. \(Parameter '([^']{1,60})'\)|Section '([^']{1,100})' not found in configuration|The ConnectionString property has not been initialized|Format of the initialization string does not conform|Invalid URI: `,
    weight: 8,
    subject: 1,
    language: 'dotnet',
    source: 'dotnet/runtime Microsoft.Extensions.Options; ArgumentNullException; System.Data.Common',
  },
  {
    regex:
      'The required configuration (?:value|key|setting) |InvalidOperationException: .{0,80}(?:connection string|configuration|environment variable|setting|not configured|is missing)',
    weight: 8,
    language: 'dotnet',
    source: "a program's own check of its settings",
  },
  {
    regex: String.raw`Unable to configure HTTPS endpoint|System\.Text\.Json\.JsonReaderException|Could not parse the JSON file`,
    weight: 8,
    language: 'dotnet',
    source: 'aspnetcore Kestrel CoreStrings.resx; dotnet/runtime',
  },
];
