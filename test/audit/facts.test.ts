import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { factsJson } from '../../src/audit/facts.ts';

describe('facts', () => {
  test('what conditions read stands as it was', () => {
    const facts = { 'args.owner': 'acme', 'args.n': 3, 'args.list': ['a', { b: null }], 'args."odd"': true };
    expect(JSON.parse(factsJson(facts))).toEqual(facts);
    expect(factsJson({})).toBe('{}');
  });

  test('a long one stands as its digest, so that a replay can tell whether it has the same', () => {
    const body = 'é'.repeat(2_000);
    const json = JSON.stringify(body);
    expect(JSON.parse(factsJson({ 'args.body': body, 'args.n': 1 }))).toEqual({
      'args.body': { sha256: createHash('sha256').update(json).digest('hex'), bytes: Buffer.byteLength(json) },
      'args.n': 1,
    });
  });

  test('an integer of 64 bits and a value that is not there are no fault', () => {
    expect(JSON.parse(factsJson({ n: 2n ** 60n, list: [1n], none: undefined }))).toEqual({
      n: '1152921504606846976',
      list: ['1'],
      none: null,
    });
  });
});
