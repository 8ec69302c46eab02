import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Gathered } from '../../src/http/gathered.ts';

const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 100 }).map((bytes) => Buffer.from(bytes)));

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
