import type { SignaturePattern } from '../signature.ts';

/** Settings that Java programs and their frameworks refuse. */
export const javaConfiguration: readonly SignaturePattern[] = [
  {
    regex: "Could not resolve placeholder '([^']{1,100})'",
    says: 'the property $ is not set',
    weight: 10,
    subject: 1,
    language: 'java',
    source: 'spring-core PropertyPlaceholderHelper.java',
  },
  {
    regex:
      "Failed to bind properties under '([^']{1,100})'|Could not bind properties to '([^']{1,100})'|ConfigurationPropertiesBindException|InvalidConfigurationPropertyValueException|InvalidConfigurationPropertyNameException|InvalidConfigDataPropertyException",
    weight: 10,
    subject: 1,
    language: 'java',
    source: 'spring-boot BindFailureAnalyzer.java',
  },
  {
    regex:
      "Config data (?:resource|location) '?(.{1,200}?)'? (?:cannot be found|does not exist|via location)|ConfigDataResourceNotFoundException|ConfigDataLocationNotFoundException",
    weight: 10,
    subject: 1,
    language: 'java',
    source: 'spring-boot ConfigDataNotFoundFailureAnalyzer.java',
  },
  {
    regex: `Failed to configure a DataSource|Failed to determine a suitable driver class|'url' (?:must start with "jdbc"|attribute is not specified)|jdbcUrl is required|No suitable driver`,
    weight: 9,
    language: 'java',
    source: 'spring-boot DataSourceBeanCreationFailureAnalyzer.java; HikariCP',
  },
  {
    regex: 'NumberFormatException: (?:For input string: "([^"]{0,100})"|Cannot parse null string|null)',
    says: '$ is no number',
    weight: 8,
    subject: 1,
    language: 'java',
    source: 'OpenJDK java/lang/NumberFormatException.java forInputString',
  },
  {
    regex: String.raw`Failed to convert (?:value|from type|property value) .{0,160}to (?:required )?type|SRCFG\d{5}: (.{1,160})|DeploymentException: .{0,80}SRCFG|io\.smallrye\.config\.ConfigValidationException|The config property (\S+) is required but`,
    weight: 9,
    subject: 1,
    language: 'java',
    source: 'spring-beans TypeMismatchException; smallrye-config ConfigMessages.java',
  },
  {
    regex: String.raw`(?:org\.yaml\.snakeyaml|org\.snakeyaml\.engine)[\w.]*\.\w*Exception|com\.fasterxml\.jackson\.(?:core|databind)[\w.]*\.(?:JsonParseException|MismatchedInputException|UnrecognizedPropertyException|InvalidFormatException)|com\.typesafe\.config\.ConfigException\$?\w*(?:: (.{1,160}))?`,
    weight: 8,
    subject: 1,
    language: 'java',
    source: 'snakeyaml; jackson; typesafe config',
  },
  {
    regex:
      '(?:mapping values are not allowed here|while scanning (?:for the next token|a simple key)|found character .{1,20} that cannot start any token|while parsing a (?:block|flow) (?:mapping|sequence|collection))',
    weight: 8,
    says: 'a YAML file does not parse',
    language: 'java',
    near: 'snakeyaml',
    source: 'snakeyaml org/yaml/snakeyaml/error/MarkedYAMLException.java: its toString has no class name',
  },
  {
    regex: String.raw`Invalid (?:maximum|initial|minimum) heap size: (\S+)|Invalid thread stack size: (\S+)|(?:Initial|Minimum) heap size set to a larger value than the maximum|Conflicting collector combinations`,
    weight: 9,
    subject: 1,
    says: '$ is no option that the JVM takes; see its arguments, JAVA_OPTS and JAVA_TOOL_OPTIONS',
    language: 'java',
    source: 'OpenJDK src/hotspot/share/runtime/arguments.cpp',
  },
  {
    regex: String.raw`(?:IllegalArgumentException|IllegalStateException|NullPointerException|MissingResourceException|RuntimeException|ConfigException): .{0,100}?\b([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b`,
    weight: 8,
    subject: 1,
    language: 'java',
    source: "a program's own check of its environment",
  },
  {
    regex:
      '(?:IllegalArgumentException|IllegalStateException|URISyntaxException|MalformedURLException|UnknownFormatConversionException|DateTimeParseException): .{0,100}(?:no protocol|Expected scheme|Illegal character in|Expected authority|Invalid (?:URI|URL|port|scheme|hostname)|URI .{0,60}(?:not absolute|undefined scheme)|scheme|cannot be null|must not be (?:null|empty|blank)|is required|out of range|could not be parsed|Missing (?:required )?(?:property|configuration|config|environment))',
    weight: 8,
    language: 'java',
    source: 'OpenJDK java/net/URI.java, URL.java; spring-core Assert.java',
  },
  {
    regex: String.raw`NullPointerException: .{0,160}because .{0,80}(?:System\.getenv|getProperty|<local\d+>.{0,40}env|"?(?:config|settings|props?|env)\b)`,
    weight: 8,
    language: 'java',
    source: 'OpenJDK src/hotspot/share/interpreter/bytecodeUtils.cpp',
  },
  {
    regex: String.raw`FileNotFoundException: (\S{1,300}) \(No such file or directory\)|NoSuchFileException: (\S{1,300}\.(?:properties|ya?ml|json|xml|conf|cfg|ini|jks|p12|pem|key|crt|toml))\s*$`,
    says: '$ is not there; mount it or correct the path',
    weight: 8,
    subject: 1,
    language: 'java',
    source: 'OpenJDK java/io/FileInputStream; sun/nio/fs/UnixException.java',
  },
];
