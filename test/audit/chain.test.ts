import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { follows, GENESIS, type Head, seal, unseal } from '../../src/audit/chain.ts';

const START: Head = { chain: 'c', seq: 0, hash: GENESIS };
const member = fc.record({ kind: fc.string({ unit: 'grapheme' }), hash: fc.string(), n: fc.integer() });

describe('hash chain', () => {
  test('a sealed line is JSON with its number first, holds its entry, and follows the one before and no other', () => {
    fc.assert(
      fc.property(member, member, (one, two) => {
        const first = seal(START, JSON.stringify({ at: 1, ...one, hash: undefined }));
        const second = seal(first.head, JSON.stringify({ at: 2, ...two, hash: undefined }));
        const line = Buffer.concat(second.line);
        const opened = unseal(line.subarray(0, -1));
        expect(JSON.parse(line.toString())).toEqual({
          seq: 2,
          at: 2,
          kind: two.kind,
          n: two.n,
          hash: second.head.hash,
        });
        expect(opened && follows(first.head.hash, opened)).toBe(true);
        expect(opened && follows(GENESIS, opened)).toBe(false);
      }),
    );
  });

  test('what is not of that form is no line', () => {
    const { line } = seal(START, '{"kind":"start"}');
    const whole = Buffer.concat(line).toString().trimEnd();
    for (const text of ['', '{}', whole.slice(0, -1), whole.toUpperCase(), `${whole} `, whole.slice(0, 20)]) {
      expect(unseal(Buffer.from(text))).toBeUndefined();
    }
  });
});
