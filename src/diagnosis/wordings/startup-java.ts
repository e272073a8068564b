import type { SignaturePattern } from '../signature.ts';

/** What the JVM cannot find or link. */
export const javaStartup: readonly SignaturePattern[] = [
  {
    regex: String.raw`Could not find or load main class (\S+)`,
    says: 'the class $ is not in the image; correct the command or the class path',
    weight: 10,
    subject: 1,
    language: 'java',
    source: 'OpenJDK sun/launcher/resources/launcher.properties',
  },
  {
    regex: String.raw`\b(?:ClassNotFoundException|NoClassDefFoundError): (\S+)`,
    says: 'the class $ is not in the image',
    weight: 9,
    subject: 1,
    language: 'java',
    source: 'OpenJDK java/lang/ClassNotFoundException.java',
  },
  {
    regex: String.raw`\b(?:NoSuchMethodError|NoSuchFieldError|AbstractMethodError|IncompatibleClassChangeError|UnsatisfiedLinkError|UnsupportedClassVersionError|BootstrapMethodError|VerifyError|ClassFormatError)\b(?:: ([^\s]{1,200}))?`,
    weight: 9,
    subject: 1,
    language: 'java',
    source: 'OpenJDK java/lang/LinkageError subclasses',
  },
  {
    regex: String.raw`UnsatisfiedLinkError: no (\w+) in java\.library\.path`,
    weight: 10,
    subject: 1,
    says: 'the native library $ is not in the image',
    language: 'java',
    source: 'OpenJDK java/lang/ClassLoader.java loadLibrary',
  },
  {
    regex: String.raw`no main manifest attribute, in (\S+)|Unable to access jarfile (\S+)|Invalid or corrupt jarfile (\S+)|Main method not found in class (\S+)|Error: LinkageError occurred|module (\S+) not found`,
    weight: 10,
    subject: 1,
    language: 'java',
    source: 'OpenJDK launcher (java.c, LauncherHelper.java)',
  },
  {
    regex:
      'Unrecognized VM option|Could not create the Java Virtual Machine|Error occurred during initialization of (?:VM|boot layer)|Unrecognized option: -',
    weight: 7,
    language: 'java',
    source: 'OpenJDK src/hotspot/share/runtime/arguments.cpp',
    unless: 'heap|memory|Xm[xs]',
  },
  {
    regex:
      "required a (?:single )?bean(?: of type '([^']{1,200})'| named '([^']{1,100})')?|NoSuchBeanDefinitionException|BeanDefinitionOverrideException|BeanCurrentlyInCreationException|The dependencies of some of the beans in the application context form a cycle",
    weight: 8,
    subject: 1,
    language: 'java',
    source: 'spring-boot NoSuchBeanDefinitionFailureAnalyzer; spring-beans',
  },
  {
    regex: 'An attempt was made to call a method that does not exist',
    weight: 9,
    language: 'java',
    source: 'spring-boot NoSuchMethodFailureAnalyzer.java',
  },
];
