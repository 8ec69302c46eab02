import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson, digestOf, digesting, sha256 } from '../../src/core/digest.ts';

test('canonical JSON orders keys by UTF-16 code units at every depth, without blanks', () => {
  expect(canonicalJson({ b: [1, { d: 'é', c: null }], a: 1e21, '\u{1f600}': 0, '\ufb33': 0 })).toBe(
    '{"a":1e+21,"b":[1,{"c":null,"d":"é"}],"\u{1f600}":0,"\ufb33":0}',
  );
});

test('equal values have equal digests, whatever the order of their keys', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })), (value) => {
      const turned = Object.fromEntries(Object.entries(value).toReversed());
      expect(digestOf(turned)).toBe(digestOf(value));
      expect(JSON.parse(canonicalJson(value) ?? '')).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('a value that is nested too deep has no canonical JSON, and a digest all the same', () => {
  let deep: unknown = 1;
  for (let level = 0; level < 100; level += 1) deep = [deep];
  expect(canonicalJson(deep)).toBeUndefined();
  expect(digestOf(deep)).toMatch(/^[0-9a-f]{64}$/);
});

test('a digest of pieces is that of the whole', () => {
  const made = digesting();
  for (const piece of ['ab', '', 'c']) made.update(Buffer.from(piece));
  // FIPS 180-4, the example of one block.
  expect(made.hex()).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  expect(sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});
