import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { demoConfig, demoProviders } from '../../src/demo/config.ts';

interface Config {
  readonly upstreams: Readonly<Record<string, { readonly protocol: string; readonly credential?: string }>>;
}

const places = { modelUrl: 'http://127.0.0.1:1', toolsUrl: 'http://127.0.0.1:2/mcp', port: 4_000, policies: '/p' };
const upstreams = (env: Record<string, string> = {}): Config['upstreams'] =>
  (parse(demoConfig(places, env)) as Config).upstreams;

test('makes tokens under its own address, where that is known', () => {
  const of = (port: number): unknown =>
    (parse(demoConfig({ ...places, port }, {})) as { delegation?: unknown }).delegation;
  expect(of(4_000)).toEqual({ issuer: 'http://127.0.0.1:4000' });
  expect(of(0)).toBeUndefined();
});

describe('the demo’s upstreams', () => {
  test('speak every dialect of models, and MCP', () => {
    const spoken = Object.entries(upstreams()).map(([name, { protocol }]) => `${name} ${protocol}`);
    expect(spoken).toEqual(['demo-openai openai', 'demo-anthropic anthropic', 'demo-gemini gemini', 'demo mcp']);
    expect(demoProviders({})).toEqual([]);
  });

  test.each([
    ['OPENAI_API_KEY', 'openai'],
    ['ANTHROPIC_API_KEY', 'anthropic'],
    ['MOONSHOT_API_KEY', 'moonshot'],
    ['GEMINI_API_KEY', 'gemini'],
    ['GOOGLE_API_KEY', 'gemini'],
  ])('%s brings %s, by a reference to it', (key, name) => {
    expect(upstreams({ [key]: 'SECRET' })[name]?.credential).toBe(`env:${key}`);
    expect(demoProviders({ [key]: 'SECRET' })).toEqual([name]);
    expect(demoConfig(places, { [key]: 'SECRET' })).not.toContain('SECRET');
    expect(demoProviders({ [key]: ' ' })).toEqual([]);
  });

  test('of two keys of one provider the first is taken', () => {
    const both = { GOOGLE_API_KEY: 'b', GEMINI_API_KEY: 'a' };
    expect(upstreams(both)['gemini']?.credential).toBe('env:GEMINI_API_KEY');
    expect(demoProviders(both)).toEqual(['gemini']);
  });
});
