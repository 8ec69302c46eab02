import { stringify } from 'yaml';

/** Real providers that join the demo where the environment holds their key, under the first of these names that it has. */
const PROVIDERS = [
  {
    env: ['OPENAI_API_KEY'],
    name: 'openai',
    protocol: 'openai',
    url: 'https://api.openai.com/v1',
    models: ['gpt-*', 'o1*', 'o3*', 'o4*', 'chatgpt-*', 'codex-*'],
  },
  {
    env: ['ANTHROPIC_API_KEY'],
    name: 'anthropic',
    protocol: 'anthropic',
    url: 'https://api.anthropic.com',
    models: ['claude-*'],
  },
  {
    env: ['GEMINI_API_KEY', 'GOOGLE_API_KEY'],
    name: 'gemini',
    protocol: 'gemini',
    url: 'https://generativelanguage.googleapis.com',
    models: ['gemini-*', 'gemma-*'],
  },
  {
    env: ['MOONSHOT_API_KEY'],
    name: 'moonshot',
    protocol: 'openai',
    url: 'https://api.moonshot.ai/v1',
    models: ['kimi-*', 'moonshot-*'],
  },
] as const;

export interface DemoPlaces {
  /** Origins of the demo servers, e.g. `http://127.0.0.1:41001`. */
  readonly modelUrl: string;
  /** Endpoint of the demo MCP server. */
  readonly toolsUrl: string;
  /** Of the data listener; the operators' one has the next. */
  readonly port: number;
  /** Folder of the policies. */
  readonly policies: string;
}

/** The configuration of a start without any: what `waygate.yaml` would say. */
export function demoConfig(demo: DemoPlaces, env: Readonly<Record<string, string | undefined>>): string {
  const price = { '*': { input: 1, output: 4 } };
  return stringify(
    {
      version: 1,
      listen: { port: demo.port },
      admin: { port: demo.port + 1 },
      identity: { dev: true },
      // Its address is not known beforehand where any free port is taken.
      ...(demo.port !== 0 && { delegation: { issuer: `http://127.0.0.1:${demo.port}` } }),
      upstreams: {
        'demo-openai': { protocol: 'openai', url: `${demo.modelUrl}/v1`, models: ['demo-*'], prices: price },
        'demo-anthropic': { protocol: 'anthropic', url: demo.modelUrl, models: ['demo-*'], prices: price },
        'demo-gemini': { protocol: 'gemini', url: `${demo.modelUrl}/gemini`, models: ['demo-*'], prices: price },
        demo: { protocol: 'mcp', url: demo.toolsUrl },
        ...Object.fromEntries(
          providersIn(env).map(({ key, provider: { name, protocol, url, models } }) => [
            name,
            { protocol, url, models: [...models], credential: `env:${key}` },
          ]),
        ),
      },
      policies: { dir: demo.policies },
    },
    // The reader takes no anchors.
    { aliasDuplicateObjects: false },
  );
}

/** Names of the real providers that a start with this environment has. */
export function demoProviders(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  return providersIn(env).map(({ provider }) => provider.name);
}

interface Found {
  readonly provider: (typeof PROVIDERS)[number];
  /** Name of the variable that holds its key. */
  readonly key: string;
}

function providersIn(env: Readonly<Record<string, string | undefined>>): readonly Found[] {
  return PROVIDERS.flatMap((provider) => {
    const key = provider.env.find((name) => env[name]?.trim());
    return key === undefined ? [] : [{ provider, key }];
  });
}
