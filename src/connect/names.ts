/** Clients that `waygate connect` knows. Apart from the table, so that `--help` loads nothing else. */
export const CLIENT_NAMES = [
  'claude-code',
  'codex',
  'gemini-cli',
  'opencode',
  'kimi-code',
  'qwen-code',
  'pi',
  'openai',
  'anthropic',
  'google-genai',
  'ai-sdk',
  'langchain',
  'openai-agents',
  'claude-agent-sdk',
  'cursor',
  'vscode',
] as const;
export type ClientName = (typeof CLIENT_NAMES)[number];

/** Dialects that clients of models speak, by the names of protocols in the configuration. */
export const DIALECTS = ['openai', 'anthropic', 'gemini'] as const;
export type Dialect = (typeof DIALECTS)[number];
