import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { ecPair } from '../identity/issuer.ts';
import { linesOf } from '../documents/lines.ts';
import { AROUND, check, ENV, GOOD, memoryFiles, problemsOf } from './bad.ts';

async function accepted(
  text: string,
  around: Readonly<Record<string, string>> = {},
): Promise<Extract<Awaited<ReturnType<typeof check>>, { ok: true }>['value']> {
  const checked = await check(text, around);
  if (!checked.ok) throw new Error(linesOf(checked).join('\n'));
  return checked.value;
}

describe('a config', () => {
  test('has every default', async () => {
    const config = await accepted(GOOD);
    expect(config).toMatchObject({
      listen: { host: '127.0.0.1', port: 4000 },
      admin: { host: '127.0.0.1', port: 4001 },
      store: { kind: 'memory' },
      identity: { issuers: [], keys: [], dev: false },
      aliases: {},
      routes: {},
      policies: { enforcement: 'enforce' },
      outbound: { allowPrivate: [], allowLoopback: false },
      drain: { seconds: 30 },
    });
    expect(config.upstreams['openai']).toMatchObject({ models: ['*'], prices: {} });
    expect(config.ceiling).toBeUndefined();
  });

  test('is frozen through and through', async () => {
    const config = await accepted(GOOD);
    const isFrozen = (value: unknown): boolean =>
      typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(isFrozen));
    expect(isFrozen(config)).toBe(true);
  });

  test('holds the policies of its folder and those below it, but no tests and no hidden files', async () => {
    const { policies } = await accepted(GOOD, {
      'policies/b.yml': 'b',
      'policies/a.test.yaml': 't',
      'policies/c.test.yml': 't',
      'policies/README.md': 'r',
      'policies/team/d.yaml': 'd',
    });
    expect(policies.files).toEqual([
      { path: 'policies/b.yml', text: 'b' },
      { path: 'policies/open.yaml', text: 'policy: open\n' },
      { path: 'policies/team/d.yaml', text: 'd' },
    ]);
  });

  test('finds the files that it names beside itself, or where they say', async () => {
    const files = memoryFiles({
      '/etc/waygate/waygate.yaml': `${GOOD}policies: { dir: /srv/rules }\n`.replace('env:OPENAI_API_KEY', 'file:key'),
      '/etc/waygate/keys.yaml': 'keys: []\n',
      '/etc/waygate/key': 'sk-right\n',
      '/srv/rules/a.yaml': 'a',
    });
    const { config, seen } = await loadConfig({ path: '/etc/waygate/waygate.yaml', env: {}, files });
    if (!config.ok) throw new Error(linesOf(config).join('\n'));
    expect(config.value.policies.files).toEqual([{ path: '/srv/rules/a.yaml', text: 'a' }]);
    expect(config.value.secret('file:key')).toBe('sk-right');
    expect([...seen.keys()].sort()).toEqual([
      'file:/etc/waygate/key',
      'file:/etc/waygate/keys.yaml',
      'file:/etc/waygate/waygate.yaml',
      'file:/srv/rules/a.yaml',
      'folder:/srv/rules',
    ]);
  });

  test('has the keys of an issuer at hand, however they are given', async () => {
    const { jwk } = ecPair('k1');
    const issuers = [{ url: 'https://idp.test/jwks' }, { file: 'jwks.json' }, { keys: [jwk] }].map((jwks, index) => ({
      issuer: `https://idp${index}.test`,
      audience: 'gw',
      algorithms: ['ES256'],
      jwks,
    }));
    const text = GOOD.replace('  keys: { file: keys.yaml }', `  issuers: ${JSON.stringify(issuers)}`);
    const { identity } = await accepted(text, { 'jwks.json': JSON.stringify({ keys: [jwk] }) });
    expect(identity.issuers.map((issuer) => issuer.jwks)).toEqual([
      { url: 'https://idp.test/jwks' },
      { keys: [jwk] },
      { keys: [jwk] },
    ]);
  });

  test('has the API keys of its file', async () => {
    const key = { id: 'abcdef012345', hash: 'a'.repeat(64), subject: 'ci', created: '2026-01-31T12:00:00Z' };
    const { identity } = await accepted(GOOD, { 'keys.yaml': JSON.stringify({ keys: [key] }) });
    expect(identity.keys).toEqual([{ ...key, tenant: 'default', scopes: [] }]);
  });
});

describe('a secret of the config', () => {
  const text = GOOD.replace(
    'credential: env:OPENAI_API_KEY',
    'credential: { value: env:OPENAI_API_KEY, header: x-api-key, scheme: "" }',
  ).concat(
    'store: { kind: redis, url: env:REDIS_URL }\n',
    'telemetry: { otlp: { endpoint: https://otlp.test, headers: { x-key: file:otlp } } }\n',
  );
  const load = async (
    env: Record<string, string>,
    around: Record<string, string> = {},
  ): Promise<Awaited<ReturnType<typeof loadConfig>>['config']> =>
    (
      await loadConfig({
        path: 'waygate.yaml',
        env,
        files: memoryFiles({ ...AROUND, ...around, 'waygate.yaml': text }),
      })
    ).config;

  test('is what its reference leads to, wherever the config has references', async () => {
    const config = await load({ OPENAI_API_KEY: ' sk-one ', REDIS_URL: 'redis://:pw@r.test' }, { otlp: 'sk-two\n' });
    if (!config.ok) throw new Error(linesOf(config).join('\n'));
    expect(['env:OPENAI_API_KEY', 'env:REDIS_URL', 'file:otlp'].map(config.value.secret)).toEqual([
      'sk-one',
      'redis://:pw@r.test',
      'sk-two',
    ]);
    expect(() => config.value.secret('env:PATH')).toThrow('no such reference');
  });

  test('is a text as it stands where it is a signing key, whose lines count', async () => {
    const config = await check(`${GOOD}delegation: { issuer: "https://gw.test", keys: [file:own.pem] }\n`, {
      'own.pem': '-----BEGIN\nabc\n-----END\n',
    });
    if (!config.ok) throw new Error(linesOf(config).join('\n'));
    expect(config.value.secret('file:own.pem')).toBe('-----BEGIN\nabc\n-----END\n');
    await expect(problemsOf(`${GOOD}delegation: { issuer: "https://gw.test", keys: [file:none] }\n`)).resolves.toEqual([
      expect.stringContaining('the file `none` cannot be read (ENOENT)'),
    ]);
  });

  test('does not show when the config is printed', async () => {
    const config = await load({ OPENAI_API_KEY: 'sk-CANARY', REDIS_URL: 'redis://:CANARY@r.test' }, { otlp: 'CANARY' });
    expect(config.ok).toBe(true);
    expect(JSON.stringify(config) + inspect(config, { depth: 20, showHidden: true })).not.toContain('CANARY');
  });

  test('that is missing is told at the reference', async () => {
    expect(linesOf(await load({ REDIS_URL: '' }))).toEqual([
      'waygate.yaml:8:26: the environment variable `OPENAI_API_KEY` is not set',
      'waygate.yaml:9:28: the environment variable `REDIS_URL` is empty',
      'waygate.yaml:10:69: the file `otlp` cannot be read (ENOENT)',
    ]);
  });

  test('that stands in the config itself is refused, and not repeated', async () => {
    for (const literal of [
      'sk-CANARY',
      '{ value: sk-CANARY }',
      '"Bearer sk-CANARY"',
      'sk-CANARY: x',
      '[sk-CANARY]',
      '"sk-CANARY',
    ]) {
      const problems = (await problemsOf(GOOD.replace('env:OPENAI_API_KEY', literal))).join('\n');
      expect(problems).toMatch(/^[89]:/);
      expect(problems).not.toContain('CANARY');
    }
    await expect(problemsOf(GOOD.replace('env:OPENAI_API_KEY', 'sk-CANARY'))).resolves.toEqual([
      expect.stringContaining('8:17: expected a reference like `env:NAME`'),
    ]);
    const store = (await problemsOf(`${GOOD}store: { kind: redis, url: "redis://:CANARY@r.test" }\n`)).join('\n');
    expect(store).toMatch(/^9:28: /);
    expect(store).not.toContain('CANARY');
  });
});

describe('a config that is wrong', () => {
  test('is told all that is wrong with it and the files that it names, in order', async () => {
    const text = `version: 1
identity:
  keys: { file: keys.yaml }
  issuers:
    - { issuer: a, audience: gw, algorithms: [ES256], jwks: { file: jwks.json } }
    - { issuer: b, audience: gw, algorithms: [ES256], jwks: { file: gone.json } }
upstreams:
  mcp: { protocol: mcp, url: https://x.test, credential: env:MISSING }
policies: { dir: rules }
`;
    const problems = await problemsOf(text, {
      'keys.yaml': 'keys:\n  - { id: X }\n',
      'jwks.json': '{ "keys": [{ "kty": "RSA" }] }',
    });
    expect(problems).toEqual([
      expect.stringMatching(/^jwks\.json:1:12: expected a `kid`/),
      'keys.yaml:2:5: `hash` is missing: expected a text',
      'keys.yaml:2:5: `subject` is missing: expected a text',
      'keys.yaml:2:5: `created` is missing: expected a time like `2026-01-31T12:00:00Z`',
      expect.stringMatching(/^keys\.yaml:2:11: expected 8 to 32/),
      '6:69: the file `gone.json` cannot be read (ENOENT)',
      '8:3: the name `mcp` is the gateway’s own; choose another',
      '8:58: the environment variable `MISSING` is not set',
      '9:18: the policies in `rules` cannot be read (ENOENT)',
    ]);
  });

  test.each([
    ['version: 2', 'version: 1', '1:10: expected `1`'],
    ['', 'version: 1\n', '1:1: `version` is missing: expected `1`'],
    ['upstream:', 'upstreams:', '4:1: unknown field `upstream`, did you mean `upstreams`?'],
    ['    portocol: openai', '    protocol: openai', '6:5: unknown field `portocol`, did you mean `protocol`?'],
    [
      'protocol: opneai',
      'protocol: openai',
      '6:15: expected `openai` or `anthropic` or `gemini` or `mcp` or `http`; did you mean `openai`?',
    ],
    ['  OpenAI:', '  openai:', '5:3: expected a name of lower-case letters, digits and `-`'],
    ['url: https://user:pw@x.test', 'url: https://api.openai.test/v1', '7:10: expected an address without user'],
    ['url: ftp://x.test', 'url: https://api.openai.test/v1', '7:10: expected an address'],
  ])('for `%s` in place of `%s` is told: %s', async (wrong, right, problem) => {
    await expect(problemsOf(GOOD.replace(right, wrong))).resolves.toContainEqual(expect.stringContaining(problem));
  });

  test('without upstreams is told so', async () => {
    await expect(problemsOf('version: 1\nidentity: { dev: true }\nupstreams: {}\n')).resolves.toEqual([
      '3:12: expected at least one upstream',
    ]);
  });

  test('because it is not there is told so', async () => {
    const { config, seen } = await loadConfig({ path: 'gone.yaml', env: ENV, files: memoryFiles({}) });
    expect(linesOf(config)).toEqual(['gone.yaml:1:1: the file `gone.yaml` cannot be read (ENOENT)']);
    expect([...seen]).toEqual([['file:gone.yaml', 'ENOENT']]);
  });
});

describe('on a real disk', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'waygate-config-'));
    mkdirSync(join(folder, 'policies', 'team'), { recursive: true });
    writeFileSync(join(folder, 'waygate.yaml'), GOOD);
    writeFileSync(join(folder, 'keys.yaml'), 'keys: []\n');
    writeFileSync(join(folder, 'policies', 'team', 'a.yaml'), 'a');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('a config loads with no more than its path and the environment', async () => {
    const { config } = await loadConfig({ path: join(folder, 'waygate.yaml'), env: ENV });
    expect(config).toMatchObject({
      ok: true,
      value: { policies: { files: [{ path: join(folder, 'policies', 'team', 'a.yaml'), text: 'a' }] } },
    });
  });

  test('policies that are mounted as links into a hidden folder are each seen once', async () => {
    const hidden = join(folder, 'policies', '..data');
    mkdirSync(hidden);
    writeFileSync(join(hidden, 'b.yaml'), 'b');
    symlinkSync(join('..data', 'b.yaml'), join(folder, 'policies', 'b.yaml'));
    const { config } = await loadConfig({ path: join(folder, 'waygate.yaml'), env: ENV });
    if (!config.ok) throw new Error(linesOf(config).join('\n'));
    expect(config.value.policies.files.map((file) => file.text)).toEqual(['b', 'a']);
  });
});
