import type { Signature } from '../signature.ts';

/** The process was ended by SIGSEGV or an abort of native code; the exit code 139 says so too. */
export default {
  cause: 'segmentation-fault',
  label: 'unknown',
  patterns: [
    { regex: 'Segmentation fault', weight: 9, source: 'glibc strsignal(SIGSEGV)' },
    {
      regex: 'Fatal Python error: (?:Segmentation fault|Aborted|Bus error)',
      weight: 9,
      language: 'python',
      source: 'CPython Modules/faulthandler.c',
    },
    {
      regex: String.raw`SIGSEGV: segmentation violation|\bSIGSEGV\b`,
      weight: 9,
      language: 'go',
      source: 'Go src/runtime/signal_unix.go sigpanic',
      unless: 'nil pointer dereference',
    },
    {
      regex: 'A fatal error has been detected by the Java Runtime Environment',
      weight: 9,
      language: 'java',
      source: 'OpenJDK src/hotspot/share/utilities/vmError.cpp',
    },
  ],
} satisfies Signature;
