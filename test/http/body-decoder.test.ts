import { expect, test } from 'vitest';
import { bodyDecoder, isBomb } from '../../src/http/body-decoder.ts';

test.each(['gzip', 'GZIP', 'x-gzip', 'br', 'zstd'])('%s is decoded', (coding) => {
  bodyDecoder(coding).destroy();
});

test.each(['deflate', 'compress', 'gzip, gzip', 'gzip,br', 'identity, gzip', '*', '', 'toString', '__proto__'])(
  '`%s` is refused, and what is taken is said',
  (coding) => {
    expect(() => bodyDecoder(coding)).toThrow(
      expect.objectContaining({
        code: 'request.encoding',
        message: `the body's \`content-encoding\` is \`${coding}\`; expected one of gzip, br and zstd, or none`,
      }) as Error,
    );
  },
);

test.each([
  [1_048_576, 1, false],
  [1_048_577, 1, true],
  [1_100_000, 11_000, false],
  [1_100_001, 11_000, true],
])('%i bytes out of %i: %s', (decoded, encoded, bomb) => {
  expect(isBomb(decoded, encoded)).toBe(bomb);
});
