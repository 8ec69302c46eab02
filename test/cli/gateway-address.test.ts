import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type AddressOptions, modelAddress, serverAddress } from '../../src/cli/gateway-address.ts';
import { UsageError } from '../../src/cli/output.ts';
import { PROTOCOLS, type ProtocolName } from '../../src/core/call.ts';
import { DIALECTS, type Dialect } from '../../src/connect/names.ts';
import { routeTable } from '../../src/routes/table.ts';
import { folder } from './run.ts';

const CONFIG = `version: 1
listen: { host: 0.0.0.0, port: 4321 }
upstreams:
  gpt: { protocol: openai, url: "https://api.openai.com/v1" }
  claude: { protocol: anthropic, url: "https://api.anthropic.com" }
  notes: { protocol: mcp, url: "https://mcp.example.com/mcp" }
routes:
  team: { path: /team-a/v1, protocol: openai, upstreams: [gpt] }
`;

const configured = (text = CONFIG): string => join(folder({ 'waygate.yaml': text }), 'waygate.yaml');
const ask = (options: AddressOptions, ...dialects: readonly [Dialect, ...Dialect[]]): Promise<unknown> =>
  modelAddress({ config: configured(), ...options }, dialects);

describe('the address', () => {
  test('is that of the listener, and the dialect one that the configuration serves', async () => {
    const url = 'http://127.0.0.1:4321';
    expect(await ask({}, 'openai')).toEqual({ url, dialect: 'openai', base: `${url}/v1` });
    expect(await ask({}, 'gemini', 'anthropic')).toEqual({ url, dialect: 'anthropic', base: url });
  });

  test('is what is said, where it is said', async () => {
    const { base } = (await ask({ url: 'https://gw/x' }, 'openai')) as { base: string };
    expect(base).toBe('https://gw/x/v1');
  });

  test('is that of one upstream, or of a route', async () => {
    const url = 'https://gw';
    expect(await ask({ url, upstream: 'gpt' }, 'openai')).toMatchObject({ base: 'https://gw/gpt/v1' });
    expect(await ask({ url, upstream: 'claude' }, 'openai', 'anthropic')).toMatchObject({
      dialect: 'anthropic',
      base: 'https://gw/claude',
    });
    expect(await ask({ url, route: 'team' }, 'openai')).toMatchObject({ base: 'https://gw/team-a/v1' });
    expect(await serverAddress({ url, config: configured() }, 'notes')).toEqual({
      url,
      endpoint: 'https://gw/mcp/notes',
    });
  });

  test('of a listener on IPv6 is in brackets', async () => {
    const config = configured(CONFIG.replace('0.0.0.0', '"::1"'));
    expect(await modelAddress({ config }, ['openai'])).toMatchObject({ url: 'http://[::1]:4321' });
  });

  test.each<[AddressOptions, readonly [Dialect, ...Dialect[]], string]>([
    [{ upstream: 'gtp' }, ['openai'], 'unknown upstream `gtp`, did you mean `gpt`?'],
    [{ upstream: 'claude' }, ['openai'], 'the upstream `claude` speaks `anthropic`, expected `openai`'],
    [{ route: 'teem' }, ['openai'], 'unknown route `teem`, did you mean `team`?'],
    [{ route: 'team' }, ['anthropic', 'gemini'], 'the route `team` speaks `openai`, expected `anthropic` or `gemini`'],
    [{}, ['gemini'], 'no upstream of the configuration speaks `gemini`, which the client needs; add one'],
  ])('%j for %j is refused', async (options, dialects, message) => {
    await expect(ask(options, ...dialects)).rejects.toThrow(new UsageError(message));
  });

  test('of an unknown MCP server, and of a listener on any port, is refused', async () => {
    await expect(serverAddress({ config: configured() }, 'nots')).rejects.toThrow('did you mean `notes`?');
    await expect(ask({ config: configured(CONFIG.replace('4321', '0')) }, 'openai')).rejects.toThrow('`--url URL`');
  });
});

describe('every base address', () => {
  const OPERATION: Readonly<Record<Dialect, string>> = {
    openai: '/chat/completions',
    anthropic: '/v1/messages',
    gemini: '/v1beta/models/m:generateContent',
  };
  const served = DIALECTS.filter((dialect) => (PROTOCOLS as readonly string[]).includes(dialect));

  test.each(served)('of `%s` is one that the gateway routes so', async (dialect) => {
    const protocol = dialect as ProtocolName;
    const { match } = routeTable({ upstreams: new Map([['one', protocol]]), extra: [] });
    const config = configured(`version: 1\nupstreams: { one: { protocol: ${dialect}, url: "https://x" } }\n`);
    for (const upstream of [undefined, 'one']) {
      const { base } = await modelAddress({ url: 'http://gw', config, ...(upstream && { upstream }) }, [dialect]);
      const { route } = match(`${base}${OPERATION[dialect]}`.slice('http://gw'.length), {});
      expect(route).toMatchObject({ protocol, upstreams: ['one'] });
    }
  });
});
