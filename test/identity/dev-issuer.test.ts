import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Principal } from '../../src/core/principal.ts';
import { assertLoopbackOnly, DEV_ISSUER_FILE, type DevIssuer, openDevIssuer } from '../../src/identity/dev-issuer.ts';
import { identifier } from '../../src/identity/identify.ts';
import { ecPair, HandClock, NOW_MS } from './issuer.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waygate-dev-'));
  path = join(folder, DEV_ISSUER_FILE);
});
afterEach(() => rmSync(folder, { recursive: true }));

async function accepted(by: DevIssuer, token: string, clock = new HandClock()): Promise<Principal> {
  const remoteKeys = (): never => {
    throw new Error('not to be asked');
  };
  return identifier({ issuers: [by.issuer], keys: [], clock, remoteKeys })({
    method: 'POST',
    path: '/v1/messages',
    headers: { 'x-api-key': token },
  });
}

describe('the dev issuer', () => {
  test('makes its key once, for its owner alone, and finds it again', async () => {
    const first = openDevIssuer(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const kept = readFileSync(path, 'utf8');
    const second = openDevIssuer(path);
    expect(readFileSync(path, 'utf8')).toBe(kept);
    await expect(accepted(first, await second.mint({ agent: 'a', nowMs: NOW_MS }))).resolves.toBeDefined();
  });

  test('mints tokens that name their agent, and by default a developer', async () => {
    const dev = openDevIssuer(path);
    const token = await dev.mint({ agent: 'researcher', nowMs: NOW_MS });
    await expect(accepted(dev, token)).resolves.toMatchObject({
      id: 'default/developer/researcher',
      issuer: 'waygate-dev',
      expiresAtMs: NOW_MS + 43_200_000,
    });
  });

  test('mints tokens for any subject, tenant and time, but for no longer than it is trusted', async () => {
    const dev = openDevIssuer(path);
    const who = { agent: 'a', subject: 'alice', tenant: 'acme', nowMs: NOW_MS };
    const short = await dev.mint({ ...who, ttlSeconds: 60 });
    await expect(accepted(dev, short)).resolves.toMatchObject({ id: 'acme/alice/a', expiresAtMs: NOW_MS + 60_000 });
    const long = await dev.mint({ ...who, ttlSeconds: 1e9 });
    await expect(accepted(dev, long)).resolves.toMatchObject({ expiresAtMs: NOW_MS + 2_592_000_000 });
    const clock = new HandClock();
    clock.ms += 66_000;
    await expect(accepted(dev, short, clock)).rejects.toThrow(expect.objectContaining({ code: 'identity.expired' }));
  });

  test('tells nobody its secret', () => {
    const { issuer } = openDevIssuer(path);
    const { d } = JSON.parse(readFileSync(path, 'utf8')) as { d: string };
    expect(JSON.stringify(issuer)).not.toContain(d);
  });

  test('of another machine is not trusted', async () => {
    const other = openDevIssuer(join(folder, 'other.json'));
    const token = await other.mint({ agent: 'a', nowMs: NOW_MS });
    await expect(accepted(openDevIssuer(path), token)).rejects.toThrow(
      expect.objectContaining({ code: 'identity.invalid' }),
    );
  });

  test.each([
    ['empty', ''],
    ['no JSON', '{'],
    ['null', 'null'],
    ['a public key', JSON.stringify(ecPair('k').jwk)],
    ['a key without a name', JSON.stringify(ecPair('k').privateKey.export({ format: 'jwk' }))],
  ])('does not start with a file that is %s', (_, text) => {
    openDevIssuer(path);
    writeFileSync(path, text);
    expect(() => openDevIssuer(path)).toThrow('delete the file to have a new one made');
  });

  test('does not start where its file cannot be made', () => {
    writeFileSync(join(folder, '.waygate'), '');
    expect(() => openDevIssuer(path)).toThrow('ENOTDIR');
    expect(() => openDevIssuer(join(folder, '.waygate', 'deeper', 'key.json'))).toThrow('ENOTDIR');
  });
});

describe('listeners', () => {
  test.each([[[]], [['127.0.0.1', '127.8.9.1', '::1', '[::1]', 'localhost']]])(
    'on %j may have the dev issuer',
    (hosts) => {
      expect(() => assertLoopbackOnly(hosts)).not.toThrow();
    },
  );

  test.each([
    '0.0.0.0',
    '::',
    '',
    '10.0.0.1',
    'localhost.evil.test',
    '127.0.0.1.evil.test',
    '::ffff:127.0.0.1',
    '1270.0.0.1',
  ])('on `%s` may not', (host) => {
    expect(() => assertLoopbackOnly(['127.0.0.1', host])).toThrow(`a listener is on \`${host}\``);
  });
});
