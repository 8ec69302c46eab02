import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Gathered } from '../../src/http/gathered.ts';
import { heldBytes } from '../support/held-memory.ts';

const small = fc.uint8Array({ minLength: 1, maxLength: 100 }).map((bytes) => Buffer.from(bytes));
const large = fc
  .tuple(fc.integer({ min: 3_000, max: 9_000 }), fc.nat(255))
  .map(([size, byte]) => Buffer.alloc(size, byte));
const pieces = fc.array(fc.oneof(small, large), { maxLength: 30 });

test.each([
  ['a length that was announced', (size: number) => size + 300_000],
  ['a small one', (size: number) => size],
  ['none', () => undefined],
])('with %s, a body is its pieces in order', (_, announced) => {
  fc.assert(
    fc.property(pieces, (chunks) => {
      const whole = Buffer.concat(chunks);
      const gathered = new Gathered(announced(whole.length));
      for (const chunk of chunks) gathered.add(chunk);
      return gathered.size === whole.length && gathered.body().equals(whole);
    }),
  );
});

test('a large body that was announced has memory of its own, which another thread can be given', () => {
  const gathered = new Gathered(300_000);
  gathered.add(Buffer.alloc(300_000, 'x'));
  const body = gathered.body();
  expect(body.buffer.byteLength).toBe(300_000);
  structuredClone(body.buffer, { transfer: [body.buffer as ArrayBuffer] });
  expect(body.length).toBe(0);
});

test('a body that comes a byte at a time takes no more memory than its bytes, and lets go of what it came in', () => {
  const gathered = new Gathered(undefined);
  const before = heldBytes();
  for (let reads = 0; reads < 200; reads += 1) {
    const read = Buffer.alloc(65_536, 'x');
    for (let at = 0; at < 10_000; at += 1) gathered.add(read.subarray(at, at + 1));
  }
  expect(heldBytes() - before).toBeLessThan(2 * gathered.size);
  expect(gathered.body().length).toBe(2_000_000);
});
