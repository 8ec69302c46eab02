import type { Client } from './client.ts';

const OPENAI_VARIABLES = { OPENAI_BASE_URL: '<base>', OPENAI_API_KEY: '<token>' } as const;
const FETCH_TIMEOUT =
  'Node’s `fetch` gives up on a call without a first byte after 300 seconds, and the SDK repeats it.';

const OPENAI: Client = {
  title: 'OpenAI SDK (Node, Python)',
  models: { openai: { shell: OPENAI_VARIABLES } },
  notes: [
    'In code: `baseURL` (Python: `base_url`), with `/v1` in it.',
    'It repeats 429 and 5xx twice unless the answer forbids it (`x-should-retry: false`, which refusals carry); `maxRetries` says otherwise.',
    FETCH_TIMEOUT,
  ],
};

const ANTHROPIC: Client = {
  title: 'Anthropic SDK (Node, Python)',
  models: { anthropic: { shell: { ANTHROPIC_BASE_URL: '<base>', ANTHROPIC_API_KEY: '<token>' } } },
  notes: [
    'In code: `baseURL` (Python: `base_url`), without `/v1`: the SDK adds it.',
    'Take `ANTHROPIC_AUTH_TOKEN` out of the environment: a request with two different credentials is refused.',
    'A `Retry-After` is slept through, however long; `maxRetries: 0` turns that off.',
    FETCH_TIMEOUT,
  ],
};

const GOOGLE_GENAI: Client = {
  title: 'Google GenAI SDK (Node, Python)',
  models: { gemini: { shell: { GOOGLE_GEMINI_BASE_URL: '<base>', GEMINI_API_KEY: '<token>' } } },
  notes: [
    'In code: `httpOptions.baseUrl` (Python: `http_options.base_url`), without a version: the SDK adds it.',
    '`GOOGLE_API_KEY`, where it is set, wins over `GEMINI_API_KEY`; take it out.',
  ],
};

const AI_SDK: Client = {
  title: 'AI SDK',
  models: {
    openai: {
      shell: OPENAI_VARIABLES,
      notes: [
        'For `@ai-sdk/openai`. `createOpenAICompatible` takes `baseURL: "<base>"`, and `includeUsage: true` to show what a stream used.',
        '`openai(model)` speaks Responses, `openai.chat(model)` Chat Completions; both are served.',
      ],
    },
    anthropic: {
      shell: { ANTHROPIC_BASE_URL: '<base>/v1', ANTHROPIC_API_KEY: '<token>' },
      notes: ['For `@ai-sdk/anthropic`, which unlike Anthropic’s own SDK wants `/v1` in the address.'],
    },
    gemini: {
      shell: { GOOGLE_GENERATIVE_AI_API_KEY: '<token>' },
      notes: [
        'For `@ai-sdk/google`, which reads no address from the environment: `createGoogleGenerativeAI({ baseURL: "<base>/v1beta" })`.',
      ],
    },
  },
  notes: ['It repeats 429 and 5xx twice whatever the answer says; `maxRetries: 0` turns that off.'],
};

const LANGCHAIN: Client = {
  title: 'LangChain (JS, Python)',
  models: { openai: { shell: OPENAI_VARIABLES } },
  notes: [
    '`OPENAI_API_BASE`, where it is set, wins over `OPENAI_BASE_URL`; take it out.',
    '`ChatAnthropic` takes the address in code: `anthropicApiUrl`, without `/v1`.',
    'It repeats 422 and 5xx up to 6 times and for half a minute; `maxRetries: 0` turns that off.',
  ],
};

const OPENAI_AGENTS: Client = {
  title: 'OpenAI Agents SDK (JS, Python)',
  models: { openai: { shell: { ...OPENAI_VARIABLES, OPENAI_AGENTS_DISABLE_TRACING: '1' } } },
  notes: [
    'Its own tracing sends prompts and the key past the gateway to `api.openai.com`; the last variable turns it off.',
    'It speaks Responses; `setDefaultOpenAIAPI("chat_completions")` changes that.',
  ],
};

const CLAUDE_AGENT_SDK: Client = {
  title: 'Claude Agent SDK',
  models: {
    anthropic: {
      shell: { ANTHROPIC_BASE_URL: '<base>', ANTHROPIC_AUTH_TOKEN: '<token>', ANTHROPIC_MODEL: '<model>' },
    },
  },
  notes: [
    'It brings its own Claude Code, so what holds for Claude Code holds for it.',
    'Take `ANTHROPIC_API_KEY` out of the environment: a request with two different credentials is refused.',
    '`options.env` replaces the environment instead of adding to it: pass `{ ...process.env, … }`.',
  ],
};

export const SDKS = {
  openai: OPENAI,
  anthropic: ANTHROPIC,
  'google-genai': GOOGLE_GENAI,
  'ai-sdk': AI_SDK,
  langchain: LANGCHAIN,
  'openai-agents': OPENAI_AGENTS,
  'claude-agent-sdk': CLAUDE_AGENT_SDK,
} as const;
