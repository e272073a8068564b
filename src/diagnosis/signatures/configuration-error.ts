import type { Signature } from '../signature.ts';
import { dotnetConfiguration } from '../wordings/configuration-dotnet.ts';
import { goConfiguration } from '../wordings/configuration-go.ts';
import { javaConfiguration } from '../wordings/configuration-java.ts';
import { nodeConfiguration } from '../wordings/configuration-node.ts';
import { programConfiguration } from '../wordings/configuration-programs.ts';
import { pythonConfiguration } from '../wordings/configuration-python.ts';
import { serviceConfiguration } from '../wordings/configuration-services.ts';

/** The program was told something wrong, or not told something: variables, files, arguments, credentials, addresses. */
export default {
  cause: 'configuration-error',
  patterns: [
    ...pythonConfiguration,
    ...serviceConfiguration,
    ...nodeConfiguration,
    ...javaConfiguration,
    ...goConfiguration,
    ...dotnetConfiguration,
    ...programConfiguration,
  ],
} satisfies Signature;
