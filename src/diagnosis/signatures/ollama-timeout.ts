import type { Signature } from '../signature.ts';

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
    {
      regex: String.raw`(?:could not|cannot|can't|can ?not|couldn't|failed to|unable to|error|failed|failure|timeout|timed out|failing|waiting)(?: \w+){0,3}(?: (?:connect(?:ing|ion)?|reach(?:ing)?|respon\w+|call(?:ing)?|wait(?:ing)?))?(?: \w+){0,3}? (?:ollama|llm (?:backend|server|service)|model server)`,
      weight: 6,
      unless: '(?:model .{0,60} not found|No connection adapters|Invalid URL)',
      source: "wording that programs give their own message, as in the runbook's symptoms",
    },
    {
      regex: String.raw`(?:ollama|llm (?:backend|server|service)|model server)(?: (?:server|backend|api|service|client))? (?:(?:connection|connect|ping|health ?check|request|startup check)(?: \w+)? (?:error|failed|failure|refused|timeout|timed out)|(?:is |was |did )?(?:not (?:reachable|available|ready|respond\w*|running)|unavailable|unreachable|timed out|timeout))`,
      weight: 6,
      unless: '(?:model .{0,60} not found|No connection adapters|Invalid URL)',
      source: "wording that programs give their own message, as in the runbook's symptoms",
    },
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
