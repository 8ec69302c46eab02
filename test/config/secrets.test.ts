import { describe, expect, test } from 'vitest';
import { resolveSecret } from '../../src/config/secrets.ts';
import { memoryFiles } from './bad.ts';

const files = memoryFiles({
  '/run/key': 'sk-CANARY\r\n',
  '/run/empty': ' \n',
  '/run/two': 'sk-CANARY\nsk-CANARY2\n',
  '/run/quoted': '\u201csk-CANARY\u201d',
  relative: 'sk-CANARY',
});
const env = {
  KEY: 'sk-CANARY',
  PADDED: '  sk-CANARY\n',
  EMPTY: '',
  BLANK: ' \t',
  SPACED: 'Bearer sk-CANARY',
  SPLIT: 'sk-CANARY\r\nX-Evil: 1',
  LATIN: 'sk-CANARY\u00e9',
};
const resolve = (reference: string): ReturnType<typeof resolveSecret> =>
  resolveSecret(reference, { env, read: (path) => files.read(path) });

describe('a secret', () => {
  test.each(['env:KEY', 'env:PADDED', 'file:/run/key', 'file:relative'])(
    'is found by the reference %s, and trimmed',
    async (reference) => {
      await expect(resolve(reference)).resolves.toEqual({ ok: true, value: 'sk-CANARY' });
    },
  );

  test.each([
    ['env:MISSING', 'the environment variable `MISSING` is not set'],
    ['env:EMPTY', 'the environment variable `EMPTY` is empty'],
    ['env:BLANK', 'the environment variable `BLANK` is empty'],
    ['env:SPACED', 'the environment variable `SPACED` holds spaces'],
    ['env:SPLIT', 'the environment variable `SPLIT` holds spaces'],
    ['env:LATIN', 'the environment variable `LATIN` holds spaces'],
    ['file:/run/missing', 'the file `/run/missing` cannot be read (ENOENT)'],
    ['file:/run/empty', 'the file `/run/empty` is empty'],
    ['file:/run/two', 'the file `/run/two` holds spaces'],
    ['file:/run/quoted', 'the file `/run/quoted` holds spaces'],
    ['sk-CANARY', 'this is no reference to a secret'],
    ['env:sk-CANARY', 'this is no reference to a secret'],
  ])('is not taken from %s, and not repeated: %s', async (reference, reason) => {
    const secret = await resolve(reference);
    expect(secret).toEqual({ ok: false, message: expect.stringContaining(reason) });
    expect(JSON.stringify(secret)).not.toContain('CANARY');
  });

  test('is not looked for in the prototype of the environment', async () => {
    await expect(resolve('env:toString')).resolves.toMatchObject({ ok: false });
  });
});
