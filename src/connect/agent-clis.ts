import type { Client } from './client.ts';

const CLAUDE_CODE: Client = {
  title: 'Claude Code',
  models: {
    anthropic: {
      shell: {
        ANTHROPIC_BASE_URL: '<base>',
        ANTHROPIC_AUTH_TOKEN: '<token>',
        ANTHROPIC_MODEL: '<model>',
      },
      files: [
        {
          format: 'json',
          places: {
            user: { folder: '~/.claude', moved: { by: 'CLAUDE_CONFIG_DIR' }, names: ['settings.json'] },
            project: { folder: '.claude', names: ['settings.json'] },
          },
          settings: {
            apiKeyHelper: 'printenv <token-env>',
            model: '<model>',
            env: { ANTHROPIC_BASE_URL: '<base>' },
          },
        },
      ],
      notes: [
        'Values under `env` in its settings are not expanded, so the file names a command that prints the token; the command runs in `/bin/sh`.',
        'Take `ANTHROPIC_API_KEY` out of the environment: a request with two different credentials is refused.',
        'After an error in mid-stream it repeats the request without streaming; `CLAUDE_CODE_DISABLE_NONSTREAMING_FALLBACK=1` turns that off.',
        'A refusal of a budget (402) or a policy (403) is shown at once; 429 and 503 are retried for minutes (`CLAUDE_CODE_MAX_RETRIES`).',
        'It leaves tool search off at addresses that are not Anthropic’s; `ENABLE_TOOL_SEARCH=true` turns it on, and the gateway passes what it needs.',
        'It also asks the base address with `HEAD` and without a token, and calls `api.anthropic.com`; `CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1` stops both.',
      ],
    },
  },
  mcp: {
    files: [
      {
        format: 'json',
        places: { project: { folder: '.', names: ['.mcp.json'] } },
        settings: {
          mcpServers: {
            '<server>': {
              type: 'http',
              url: '<endpoint>',
              headers: { Authorization: 'Bearer ${<token-env>}' },
            },
          },
        },
      },
    ],
    notes: [
      'Servers for all projects stand among other things in `~/.claude.json`; add one with `claude mcp add --scope user --transport http <server> <endpoint>` and its `--header`.',
      'A 401 on a tool call makes it drop the whole server until it is started anew.',
    ],
  },
  notes: [],
};

const CODEX_HOME = { folder: '~/.codex', moved: { by: 'CODEX_HOME' }, names: ['config.toml'] } as const;

const CODEX: Client = {
  title: 'Codex',
  models: {
    openai: {
      files: [
        {
          format: 'toml',
          places: { user: CODEX_HOME },
          settings: {
            model: '<model>',
            model_provider: 'waygate',
            model_providers: {
              waygate: { name: 'Waygate', base_url: '<base>', env_key: '<token-env>', wire_api: 'responses' },
            },
          },
        },
      ],
      notes: [
        '`OPENAI_BASE_URL` does nothing, and providers in a project’s `.codex/config.toml` are ignored.',
        'It repeats 401, 402, 403 and 404 five times and stops at once on 400, so that is how it is refused; `request_max_retries = 0` and `stream_max_retries = 0` in the provider’s table make every refusal cost one request.',
        'It sleeps as long as a `Retry-After` says, without a word.',
      ],
    },
  },
  mcp: {
    files: [
      {
        format: 'toml',
        places: { user: CODEX_HOME, project: { folder: '.codex', names: ['config.toml'] } },
        settings: { mcp_servers: { '<server>': { url: '<endpoint>', bearer_token_env_var: '<token-env>' } } },
      },
    ],
    notes: ['The file of a project is read only where Codex trusts the project.'],
  },
  notes: [],
};

const GEMINI_SETTINGS = {
  user: { folder: '~/.gemini', names: ['settings.json'] },
  project: { folder: '.gemini', names: ['settings.json'] },
} as const;

const GEMINI_CLI: Client = {
  title: 'Gemini CLI',
  models: {
    gemini: {
      files: [
        {
          format: 'json',
          places: GEMINI_SETTINGS,
          settings: { security: { auth: { selectedType: 'gemini-api-key' } }, model: { name: '<model>' } },
        },
        {
          format: 'dotenv',
          places: {
            user: { folder: '~/.gemini', names: ['.env'] },
            project: { folder: '.gemini', names: ['.env'] },
          },
          settings: { GOOGLE_GEMINI_BASE_URL: '<base>' },
        },
      ],
      beside: { GEMINI_API_KEY: '<token>' },
      notes: [
        'A `.env` file is not expanded, so the key is not in it: it comes from the shell.',
        'Only the first `.env` that is found counts, the project’s before the user’s; the files of a project are read only where it is trusted (`GEMINI_CLI_TRUST_WORKSPACE=true` in CI).',
        'Addresses other than this machine’s must be `https`.',
        '429 and 503 are retried for minutes; an error in mid-stream ends it without a word and with exit code 0.',
        'It gives up on a call without a first byte after about 60 seconds and repeats it.',
      ],
    },
  },
  mcp: {
    files: [
      {
        format: 'json',
        places: GEMINI_SETTINGS,
        settings: {
          mcpServers: { '<server>': { httpUrl: '<endpoint>', headers: { Authorization: 'Bearer $<token-env>' } } },
        },
      },
    ],
  },
  notes: [],
};

export const AGENT_CLIS = { 'claude-code': CLAUDE_CODE, codex: CODEX, 'gemini-cli': GEMINI_CLI } as const;
