import type { Signature } from '../signature.ts';
import { ownWords } from '../wordings/own-words.ts';

/** Ollama, or the model server in its place, does not answer. HTTP clients' errors are attributed in `../connections.ts`. */
export default {
  cause: 'ollama-timeout',
  patterns: [
    {
      regex: String.raw`Failed to connect to Ollama\. Please check that Ollama is downloaded, running and accessible`,
      weight: 9,
      language: 'python',
      source: 'ollama-python ollama/_client.py CONNECTION_ERROR_MESSAGE',
    },
    {
      regex: String.raw`Ollama call failed with status code (?:408|429|5\d\d)`,
      weight: 8,
      language: 'python',
      source: 'langchain-community langchain_community/llms/ollama.py',
    },
    ...ownWords(
      'ollama|llm (?:backend|server|service)|model server',
      '(?:model .{0,60} not found|No connection adapters|Invalid URL)',
    ),
    {
      regex: String.raw`litellm\.(?:Timeout|APIConnectionError|ServiceUnavailableError).{0,200}ollama`,
      weight: 8,
      language: 'python',
      source: 'litellm litellm/exceptions.py',
    },
    {
      regex: 'timed out waiting for llama runner to start|llama runner process (?:no longer running|has terminated)',
      weight: 8,
      source: 'ollama llm/server.go WaitUntilRunning',
    },
  ],
} satisfies Signature;
