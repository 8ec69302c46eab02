// Providers by name: what `upstreams.<name>.preset` fills in. A table; docs/reference/presets.md is made of it.
import type { ProtocolName } from '../core/call.ts';

/** One address of a provider, for one protocol. */
export interface PresetBase {
  /** Undefined where every customer has their own: the config says it. */
  readonly url: string | undefined;
  readonly header: string;
  /** Put before the secret; empty for nothing. */
  readonly scheme: string;
}

export interface Preset {
  /** The first is meant where the config names no protocol. */
  readonly bases: Readonly<Partial<Record<ProtocolName, PresetBase>>>;
  /** Of the price catalogue; undefined where that does not know it, so that the config states prices. */
  readonly provider: string | undefined;
  /** Names of the models it serves, where it is known to answer for others with one of its own. */
  readonly models: readonly string[];
  /** False for servers on one's own machines, which ask for no credential unless they are told to. */
  readonly needsCredential: boolean;
  /** False where it refuses `stream_options`; it then states the usage of a stream without being asked. */
  readonly takesStreamOptions: boolean;
  /** What is to be known of it; empty for nothing. */
  readonly note: string;
}

const bearer = (url: string | undefined): PresetBase => ({ url, header: 'authorization', scheme: 'Bearer' });
const key = (url: string | undefined, header: string): PresetBase => ({ url, header, scheme: '' });

const hosted = (bases: Preset['bases'], about: Partial<Preset>): Preset => ({
  bases,
  provider: undefined,
  models: ['*'],
  needsCredential: true,
  takesStreamOptions: true,
  note: '',
  ...about,
});

const local = (port: number, note: string): Preset =>
  hosted(
    { openai: bearer(`http://127.0.0.1:${port}/v1`), anthropic: bearer(`http://127.0.0.1:${port}`) },
    { needsCredential: false, note },
  );

export const PRESETS = {
  openai: hosted({ openai: bearer('https://api.openai.com/v1') }, { provider: 'openai' }),
  anthropic: hosted({ anthropic: key('https://api.anthropic.com', 'x-api-key') }, { provider: 'anthropic' }),
  'azure-openai': hosted(
    { openai: key(undefined, 'api-key') },
    {
      provider: 'azure',
      note: '`url` is `https://<resource>.openai.azure.com/openai/v1`, which needs no `api-version`. A model is the name of a deployment; where that is not the name of its model, state its price.',
    },
  ),
  moonshot: hosted(
    { openai: bearer('https://api.moonshot.ai/v1'), anthropic: bearer('https://api.moonshot.ai/anthropic') },
    {
      provider: 'moonshotai',
      models: ['kimi-*', 'moonshot-*'],
      note: 'In China `url` is at `https://api.moonshot.cn`.',
    },
  ),
  'kimi-code': hosted(
    {
      openai: bearer('https://api.kimi.com/coding/v1'),
      anthropic: key('https://api.kimi.com/coding', 'x-api-key'),
    },
    { models: ['kimi-*'], note: 'A subscription: its price is for you to state.' },
  ),
  deepseek: hosted(
    {
      openai: bearer('https://api.deepseek.com/v1'),
      anthropic: key('https://api.deepseek.com/anthropic', 'x-api-key'),
    },
    { provider: 'deepseek', models: ['deepseek-*'], note: 'Answers for models of other providers with its own.' },
  ),
  mistral: hosted(
    { openai: bearer('https://api.mistral.ai/v1') },
    { provider: 'mistral', takesStreamOptions: false, note: 'Refuses fields that it does not know.' },
  ),
  xai: hosted(
    { openai: bearer('https://api.x.ai/v1') },
    { provider: 'x-ai', models: ['grok-*'], takesStreamOptions: false },
  ),
  groq: hosted({ openai: bearer('https://api.groq.com/openai/v1') }, { provider: 'groq' }),
  cerebras: hosted(
    { openai: bearer('https://api.cerebras.ai/v1') },
    { provider: 'cerebras', takesStreamOptions: false },
  ),
  together: hosted({ openai: bearer('https://api.together.xyz/v1') }, { provider: 'together' }),
  fireworks: hosted(
    {
      openai: bearer('https://api.fireworks.ai/inference/v1'),
      anthropic: bearer('https://api.fireworks.ai/inference'),
    },
    { provider: 'fireworks' },
  ),
  openrouter: hosted(
    { openai: bearer('https://openrouter.ai/api/v1'), anthropic: bearer('https://openrouter.ai/api') },
    { provider: 'openrouter' },
  ),
  zai: hosted(
    { openai: bearer('https://api.z.ai/api/paas/v4'), anthropic: bearer('https://api.z.ai/api/anthropic') },
    { provider: 'zai', models: ['glm-*'] },
  ),
  minimax: hosted(
    { openai: bearer('https://api.minimax.io/v1'), anthropic: bearer('https://api.minimax.io/anthropic') },
    { provider: 'minimax', models: ['MiniMax-*'] },
  ),
  qwen: hosted(
    {
      openai: bearer('https://dashscope-intl.aliyuncs.com/compatible-mode/v1'),
      anthropic: bearer('https://dashscope-intl.aliyuncs.com/apps/anthropic'),
    },
    { models: ['qwen*', 'qwq*', 'qvq*'], note: 'In China `url` is at `https://dashscope.aliyuncs.com`.' },
  ),
  huggingface: hosted({ openai: bearer('https://router.huggingface.co/v1') }, {}),
  nvidia: hosted({ openai: bearer('https://integrate.api.nvidia.com/v1') }, {}),
  vllm: local(8_000, 'A credential goes with its `--api-key`.'),
  ollama: local(11_434, 'A credential is for its cloud, `https://ollama.com`, alone.'),
  lmstudio: local(1_234, 'A credential goes with its setting to require one.'),
  'llama-cpp': local(8_080, 'A credential goes with its `--api-key`.'),
} as const satisfies Readonly<Record<string, Preset>>;

export type PresetName = keyof typeof PRESETS;

export const PRESET_NAMES = Object.keys(PRESETS) as [PresetName, ...PresetName[]];

/** The preset of a name, as every preset is. */
export function presetOf(name: PresetName): Preset {
  return PRESETS[name];
}

/** The protocols that a preset has an address for, the usual one first. */
export function protocolsOf({ bases }: Preset): readonly ProtocolName[] {
  return Object.keys(bases) as ProtocolName[];
}
