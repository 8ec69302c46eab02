import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { keyRing } from '../../src/identity/api-keys.ts';
import { createKey, revokeKey, rotateKey } from '../../src/identity/key-changes.ts';
import { changeKeysFile, renderKeys } from '../../src/identity/keys-file.ts';
import { type KeyEntry, keysFileSchema } from '../../src/identity/schema.ts';
import { NOW_MS } from './issuer.ts';

const keysOf = (text: string): readonly KeyEntry[] => keysFileSchema.parse(parse(text)).keys;
const wanted = { subject: 'ci', tenant: 'acme', nowMs: NOW_MS };

describe('the text of the file of keys', () => {
  test('reads back as the very keys that were written', () => {
    const first = createKey([], { ...wanted, agent: 'builder', scopes: ['read', 'write'], expiresAtMs: NOW_MS + 1 });
    const second = createKey(first.keys, wanted);
    expect(keysOf(renderKeys(undefined, second.keys))).toEqual(second.keys);
  });

  test('written anew says what it is', () => {
    expect(renderKeys(undefined, [])).toMatch(/^# API keys of Waygate: hashes only/);
  });

  test('keeps comments, order and the form of what did not change', () => {
    const { keys, id } = createKey([], wanted);
    const hash = keys[0]?.hash;
    const text = `# ours\nkeys:\n  # the build server\n  - { id: ${id}, created: "2026-01-31T12:00:00.000Z", hash: "${hash}", subject: ci } # since May\n`;
    const before = keysOf(text);
    expect(renderKeys(text, before)).toBe(text);
    const added = createKey(before, wanted);
    const after = renderKeys(text, added.keys);
    expect(after.startsWith(text)).toBe(true);
    expect(keysOf(after)).toEqual(added.keys);
  });

  test('takes a rotation and a revocation, and changes no other line', () => {
    const two = createKey(createKey([], wanted).keys, wanted);
    const text = renderKeys(undefined, two.keys);
    const rotated = rotateKey(two.keys, { id: two.id, overlapMs: 1_000, nowMs: NOW_MS });
    if ('problem' in rotated) throw new Error(rotated.problem);
    const rotatedText = renderKeys(text, rotated.keys);
    expect(keysOf(rotatedText)).toEqual(rotated.keys);
    const again = rotateKey(rotated.keys, { id: two.id, overlapMs: 5_000, nowMs: NOW_MS });
    if ('problem' in again) throw new Error(again.problem);
    const revoked = revokeKey(again.keys, { id: two.id, nowMs: NOW_MS });
    if ('problem' in revoked) throw new Error(revoked.problem);
    const revokedText = renderKeys(rotatedText, revoked.keys);
    expect(keysOf(revokedText)).toEqual(revoked.keys);
    const firstEntry = text.slice(0, text.lastIndexOf('- id'));
    expect(revokedText.startsWith(firstEntry)).toBe(true);
  });

  test.each(['', 'other: 1\n', 'keys: none\n'])('without a list of keys (%j) is not written over', (text) => {
    expect(() => renderKeys(text, [])).toThrow('no list `keys`');
  });
});

describe('the file of keys', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'waygate-keys-'));
    path = join(folder, 'keys.yaml');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('is made where there is none, for its owner alone', async () => {
    const made = createKey([], wanted);
    await changeKeysFile(path, (text) => renderKeys(text, made.keys));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(keyRing(keysOf(readFileSync(path, 'utf8')))(made.key, NOW_MS).subject).toBe('ci');
  });

  test('is replaced whole, and nothing is left beside it', async () => {
    writeFileSync(path, 'keys: []\n', { mode: 0o644 });
    await changeKeysFile(path, (text) => `# changed\n${text}`);
    expect(readFileSync(path, 'utf8')).toBe('# changed\nkeys: []\n');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(existsSync(`${path}.new`)).toBe(false);
  });

  test('stays as it was where the change fails', async () => {
    writeFileSync(path, 'keys: []\n');
    const failing = changeKeysFile(path, () => {
      throw new Error('no such key');
    });
    await expect(failing).rejects.toThrow('no such key');
    expect(readFileSync(path, 'utf8')).toBe('keys: []\n');
    expect(existsSync(`${path}.new`)).toBe(false);
  });

  test('is not changed by two at once', async () => {
    writeFileSync(path, 'keys: []\n');
    await changeKeysFile(path, (text) => {
      expect(existsSync(`${path}.new`)).toBe(true);
      return String(text);
    });
    writeFileSync(`${path}.new`, '');
    await expect(changeKeysFile(path, String)).rejects.toThrow(/another process is changing it.*delete/);
  });

  test('that cannot be made says where', async () => {
    const elsewhere = join(folder, 'no', 'keys.yaml');
    await expect(changeKeysFile(elsewhere, () => '')).rejects.toThrow(
      `\`${elsewhere}\` cannot be changed: its folder cannot be written`,
    );
  });

  test('that cannot be read is not written over', async () => {
    mkdirSync(path);
    await expect(changeKeysFile(path, () => 'keys: []\n')).rejects.toThrow('EISDIR');
    expect(existsSync(`${path}.new`)).toBe(false);
  });
});
