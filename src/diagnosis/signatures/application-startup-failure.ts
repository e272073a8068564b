import type { Signature } from '../signature.ts';
import { javaStartup } from '../wordings/startup-java.ts';
import { nativeStartup } from '../wordings/startup-native.ts';
import { nodeStartup } from '../wordings/startup-node.ts';
import { pythonStartup } from '../wordings/startup-python.ts';

/** The program as it was built cannot start: a module, class, library, entry point or runtime is not there or does not fit. */
export default {
  cause: 'application-startup-failure',
  patterns: [...pythonStartup, ...nodeStartup, ...javaStartup, ...nativeStartup],
} satisfies Signature;
