import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { jweSealer, readWrapKey, unsealed } from '../../src/signing/sealer.ts';

describe('a wrapping key', () => {
  const key = randomBytes(32);
  test.each(['base64', 'base64url', 'hex'] as const)('may be written in %s', (encoding) => {
    expect(readWrapKey(` ${key.toString(encoding)}\n`)).toEqual(new Uint8Array(key));
  });

  test.each(['', 'secret', randomBytes(31).toString('base64'), randomBytes(33).toString('hex'), 'g'.repeat(64)])(
    'is refused where it is no 32 bytes: %s',
    (text) => {
      expect(readWrapKey(text)).toContain('expected 32 random bytes');
    },
  );
});

describe('what is sealed', () => {
  const sealer = jweSealer(randomBytes(32));
  test('opens again, and shows nothing of itself', async () => {
    const sealed = await sealer.seal('the secret');
    expect(sealed).not.toContain(Buffer.from('the secret').toString('base64url'));
    expect(await sealer.open(sealed)).toBe('the secret');
  });

  test('does not open for another key, nor once it was changed', async () => {
    const sealed = await sealer.seal('the secret');
    expect(await jweSealer(randomBytes(32)).open(sealed)).toBeUndefined();
    expect(await sealer.open(`${sealed.slice(0, -2)}AA`)).toBeUndefined();
    expect(await sealer.open('{"d":"plain"}')).toBeUndefined();
  });

  test('stays as it is where it never leaves the process', async () => {
    expect(await unsealed.open(await unsealed.seal('x'))).toBe('x');
  });
});
