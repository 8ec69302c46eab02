import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { keyRing } from '../../src/identity/api-keys.ts';
import { keysFileSchema } from '../../src/identity/schema.ts';
import { folder, run, runProcess } from './run.ts';

function principalOf(file: string, key: string) {
  return keyRing(keysFileSchema.parse(parse(readFileSync(file, 'utf8'))).keys)(key, Date.now());
}

async function created(file: string): Promise<{ key: string; id: string }> {
  const { out } = await run('keys', 'create', '--subject', 'ci', '--file', file);
  return { key: out, id: out.split('_')[1] ?? '' };
}

describe('waygate keys create', () => {
  test('prints a key that works, once, and keeps only its hash', async () => {
    const file = join(folder(), 'keys.yaml');
    const whom = ['--subject', 'ci', '--tenant', 'acme', '--agent', 'builder', '--scope', 'read', '--scope', 'write'];
    const { code, out, err } = await run('keys', 'create', ...whom, '--expires', '90d', '--file', file);
    expect(code).toBe(0);
    expect(principalOf(file, out)).toMatchObject({ id: 'acme/ci/builder', scopes: ['read', 'write'] });
    expect(principalOf(file, out).expiresAtMs - Date.now()).toBeGreaterThan(89 * 86_400_000);
    expect(readFileSync(file, 'utf8')).not.toContain(out);
    expect(err).not.toContain(out);
    expect(err).toMatch(
      /^key `[0-9a-f]{12}` of `ci` in tenant `acme`; `.*` holds its hash alone, so this is the only time it is shown$/,
    );
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test('writes to the file that the configuration names, beside it', () => {
    const cwd = folder({ 'waygate.yaml': config('secrets/keys.yaml'), 'secrets/keys.yaml': 'keys: []\n' });
    const { code, out } = runProcess(['keys', 'create', '--subject', 'ci'], { cwd });
    expect(code).toBe(0);
    expect(principalOf(join(cwd, 'secrets/keys.yaml'), out)).toMatchObject({ subject: 'ci' });
  });

  test('without a file or a configuration it asks which keys', () => {
    const { code, err } = runProcess(['keys', 'create', '--subject', 'ci'], { cwd: folder() });
    expect(code).toBe(2);
    expect(err.split('\n')[0]).toBe('which keys? expected `--file FILE`, `--config FILE` or a `waygate.yaml` here');
  });

  test('a configuration that names no file of keys says so', async () => {
    const path = join(folder({ 'c.yaml': config(undefined) }), 'c.yaml');
    const { code, err } = await run('keys', 'list', '--config', path);
    expect(code).toBe(2);
    expect(err.split('\n')[0]).toBe(
      `\`${path}\` names no file of keys; set \`identity.keys.file\` in it, or pass \`--file FILE\``,
    );
  });

  test('a configuration that is wrong is named with its place', async () => {
    const path = join(folder({ 'c.yaml': `${config('k.yaml')}polices: {}\n` }), 'c.yaml');
    const { code, err } = await run('keys', 'list', '--config', path);
    expect({ code, err }).toEqual({
      code: 1,
      err: `${path}:5:1: unknown field \`polices\`, did you mean \`policies\`?`,
    });
  });

  test('leaves a file alone that holds something else', async () => {
    const file = join(folder({ 'k.yaml': 'keys: 7\n' }), 'k.yaml');
    const { code, err } = await run('keys', 'create', '--subject', 'ci', '--file', file);
    expect({ code, err }).toEqual({ code: 1, err: `${file}:1:7: expected a list, found a number` });
    expect(readFileSync(file, 'utf8')).toBe('keys: 7\n');
    expect(existsSync(`${file}.new`)).toBe(false);
  });

  test('wants to know for whom', async () => {
    const { code, err } = await run('keys', 'create');
    expect({ code, err }).toEqual({
      code: 2,
      err: 'a key for whom? expected `--subject NAME`\n`waygate keys --help` says how it is called',
    });
  });
});

describe('waygate keys list', () => {
  test('shows every key with its state, and nothing secret', async () => {
    const file = join(folder(), 'keys.yaml');
    const { id, key } = await created(file);
    const { out } = await run('keys', 'list', '--file', file);
    expect(out).toBe(`ID            STATE   SUBJECT  TENANT   AGENT  EXPIRES\n${id}  active  ci       default`);
    const { out: json } = await run('keys', 'list', '--json', '--file', file);
    expect(JSON.parse(json)).toEqual([
      { id, subject: 'ci', tenant: 'default', scopes: [], created: expect.any(String), state: 'active' },
    ]);
    expect(out + json).not.toContain(key.slice(`wgk_${id}_`.length));
  });

  test('says that there are none, and where there is no file', async () => {
    const dir = folder({ 'empty.yaml': 'keys: []\n' });
    expect(await run('keys', 'list', '--file', join(dir, 'empty.yaml'))).toEqual({
      code: 0,
      out: '',
      err: `\`${join(dir, 'empty.yaml')}\` holds no keys; \`waygate keys create\` makes one`,
    });
    expect(await run('keys', 'list', '--file', join(dir, 'none.yaml'))).toEqual({
      code: 1,
      out: '',
      err: `\`${join(dir, 'none.yaml')}\` cannot be read (ENOENT)`,
    });
  });
});

describe('waygate keys rotate', () => {
  test('gives a new secret beside the old one, which works for a day', async () => {
    const file = join(folder(), 'keys.yaml');
    const { id, key } = await created(file);
    const { out, err } = await run('keys', 'rotate', id, '--file', file);
    expect(out).not.toBe(key);
    expect(principalOf(file, out)).toEqual(principalOf(file, key));
    expect(err).toMatch(new RegExp(`^key \`${id}\` has a new secret, shown this once; the one before works until `));
    const tomorrow = Date.parse(err.split(' until ')[1] ?? '') - Date.now();
    expect(tomorrow).toBeGreaterThan(86_390_000);
    expect(tomorrow).toBeLessThanOrEqual(86_400_000);
  });

  test('with no overlap the old secret ends at once', async () => {
    const file = join(folder(), 'keys.yaml');
    const { id, key } = await created(file);
    await run('keys', 'rotate', id, '--overlap', '0', '--file', file);
    expect(() => principalOf(file, key)).toThrow('expired or was rotated');
  });

  test('a key that is not there changes nothing', async () => {
    const file = join(folder(), 'keys.yaml');
    await created(file);
    const before = readFileSync(file, 'utf8');
    expect(await run('keys', 'rotate', 'aaaaaaaa', '--file', file)).toEqual({
      code: 1,
      out: '',
      err: 'there is no key `aaaaaaaa`; `waygate keys list` shows those there are',
    });
    expect(readFileSync(file, 'utf8')).toBe(before);
  });
});

describe('waygate keys revoke', () => {
  test('ends a key for good', async () => {
    const file = join(folder(), 'keys.yaml');
    const { id, key } = await created(file);
    expect(await run('keys', 'revoke', id, '--file', file)).toEqual({
      code: 0,
      out: '',
      err: `key \`${id}\` is revoked; gateways refuse it as soon as they have read \`${file}\` again`,
    });
    expect(() => principalOf(file, key)).toThrow('revoked');
    const { code, err } = await run('keys', 'rotate', id, '--file', file);
    expect({ code, err }).toEqual({ code: 1, err: `the key \`${id}\` has been revoked; create a new one` });
  });
});

function config(keys: string | undefined): string {
  const identity = keys === undefined ? '{ dev: true }' : `{ keys: { file: ${keys} } }`;
  return `version: 1\nidentity: ${identity}\nupstreams:\n  demo: { protocol: mcp, url: 'http://127.0.0.1:1' }\n`;
}
