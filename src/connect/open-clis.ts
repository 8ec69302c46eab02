import type { Client, Settings, SettingsFile, Tree } from './client.ts';

const OPENCODE_PLACES = {
  user: {
    folder: '~/.config/opencode',
    moved: { by: 'XDG_CONFIG_HOME', within: 'opencode' },
    names: ['opencode.json', 'opencode.jsonc'],
  },
  project: { folder: '.', names: ['opencode.json', 'opencode.jsonc'] },
} as const;

function openCode(provider: Tree): Settings {
  return {
    needsModel: true,
    files: [
      {
        format: 'json',
        places: OPENCODE_PLACES,
        settings: {
          $schema: 'https://opencode.ai/config.json',
          model: 'waygate/<model>',
          provider: { waygate: { ...provider, name: 'Waygate', models: { '<model>': {} } } },
        },
      },
    ],
  };
}

const OPENCODE: Client = {
  title: 'OpenCode',
  models: {
    openai: openCode({
      npm: '@ai-sdk/openai-compatible',
      options: { baseURL: '<base>', apiKey: '{env:<token-env>}' },
    }),
    anthropic: openCode({
      npm: '@ai-sdk/anthropic',
      options: { baseURL: '<base>/v1', apiKey: '{env:<token-env>}' },
    }),
  },
  mcp: {
    files: [
      {
        format: 'json',
        places: OPENCODE_PLACES,
        settings: {
          $schema: 'https://opencode.ai/config.json',
          mcp: {
            '<server>': {
              type: 'remote',
              url: '<endpoint>',
              enabled: true,
              headers: { Authorization: 'Bearer {env:<token-env>}' },
            },
          },
        },
      },
    ],
  },
  notes: [
    'For OpenCode 1; version 2 has other names for its sections.',
    'A policy’s refusal (403) is shown at once; 429 and 503 are retried without end, and a `Retry-After` is slept through without a word.',
    'Each session begins with one more call that asks for a title; permit it, or the session has none.',
  ],
};

const KIMI_PLACES = {
  user: { folder: '~/.kimi-code', moved: { by: 'KIMI_CODE_HOME' }, names: ['config.toml'] },
} as const;

function kimi(type: string): Settings {
  return {
    needsModel: true,
    files: [
      {
        format: 'toml',
        places: KIMI_PLACES,
        settings: {
          default_model: 'waygate/<model>',
          providers: { waygate: { type, base_url: '<base>', api_key_env: '<token-env>' } },
          models: { 'waygate/<model>': { provider: 'waygate', model: '<model>' } },
        },
        defaults: { models: { 'waygate/<model>': { max_context_size: 131_072 } } },
      },
    ],
  };
}

const KIMI_CODE: Client = {
  title: 'Kimi Code',
  models: { openai: kimi('openai'), anthropic: kimi('anthropic'), gemini: kimi('google-genai') },
  mcp: {
    files: [
      {
        format: 'json',
        places: {
          user: { folder: '~/.kimi-code', moved: { by: 'KIMI_CODE_HOME' }, names: ['mcp.json'] },
          project: { folder: '.kimi-code', names: ['mcp.json'] },
        },
        settings: { mcpServers: { '<server>': { url: '<endpoint>', bearerTokenEnvVar: '<token-env>' } } },
      },
    ],
  },
  notes: [
    '`api_key_env` takes a recent Kimi Code, and no `api_key` beside it; older ones read keys from the file alone.',
    'It requires `max_context_size`: set it to that of your model, it is not changed again.',
    '429 and 503 are retried for minutes, and a `Retry-After` is slept through; policies’ and budgets’ refusals are shown at once.',
  ],
};

const QWEN_PLACES = {
  user: { folder: '~/.qwen', names: ['settings.json'] },
  project: { folder: '.qwen', names: ['settings.json'] },
} as const;

function qwen(type: 'openai' | 'anthropic' | 'gemini'): Settings {
  return {
    needsModel: true,
    files: [
      {
        format: 'json',
        places: QWEN_PLACES,
        settings: {
          security: { auth: { selectedType: type } },
          model: { name: '<model>' },
          modelProviders: {
            [type]: [{ id: '<model>', name: '<model> through Waygate', baseUrl: '<base>', envKey: '<token-env>' }],
          },
        },
      },
    ],
  };
}

const QWEN_CODE: Client = {
  title: 'Qwen Code',
  models: { openai: qwen('openai'), anthropic: qwen('anthropic'), gemini: qwen('gemini') },
  mcp: {
    files: [
      {
        format: 'json',
        places: QWEN_PLACES,
        settings: {
          mcpServers: { '<server>': { httpUrl: '<endpoint>', headers: { Authorization: 'Bearer $<token-env>' } } },
        },
      },
    ],
  },
  notes: [
    '429 and 503 are repeated up to 16 times, and a `Retry-After` is slept through; a refusal with 403 is shown at once.',
    'It gives up on a call without a first byte after 120 seconds and repeats it.',
    'With its memory on, it makes one more call after each answer.',
  ],
};

function piModels(provider: Tree): SettingsFile {
  return {
    format: 'json',
    places: {
      user: { folder: '~/.pi/agent', moved: { by: 'PI_CODING_AGENT_DIR' }, names: ['models.json'] },
    },
    settings: {
      providers: { waygate: { ...provider, apiKey: '!printenv <token-env>', models: [{ id: '<model>' }] } },
    },
  };
}

const PI: Client = {
  title: 'pi',
  models: {
    openai: { needsModel: true, files: [piModels({ api: 'openai-completions', baseUrl: '<base>' })] },
    anthropic: { needsModel: true, files: [piModels({ api: 'anthropic-messages', baseUrl: '<base>' })] },
  },
  notes: [
    'Start it with `--provider waygate`, or choose the model with `/model`.',
    'The key is a command that prints the token: how a variable is named in this file has changed between versions of pi.',
    '429 and 503 are repeated up to 12 times, and a `Retry-After` is slept through.',
  ],
};

export const OPEN_CLIS = { opencode: OPENCODE, 'kimi-code': KIMI_CODE, 'qwen-code': QWEN_CODE, pi: PI } as const;
