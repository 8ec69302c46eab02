import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BodySink, type BodySource, collectBody, discardBody } from '../../src/core/body.ts';
import { GatewayError } from '../../src/core/errors.ts';

const tooLarge = (): GatewayError => new GatewayError('upstream.too_large', 'too large');

/** A source that the test pushes by hand. */
function manual(): { source: BodySource; sink: () => BodySink; log: string[] } {
  const log: string[] = [];
  let sink: BodySink | undefined;
  const source: BodySource = {
    start(given) {
      sink = given;
      return { resume: () => log.push('resume'), cancel: () => log.push('cancel') };
    },
  };
  return { source, sink: () => sink as BodySink, log };
}

describe('collectBody', () => {
  test('whatever the chunks, the whole is what was sent', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 8 }), async (parts) => {
        const { source, sink } = manual();
        const collected = collectBody(source, 1_000, tooLarge);
        for (const part of parts) expect(sink().data(Buffer.from(part))).toBe(true);
        sink().end();
        expect(await collected).toEqual(Buffer.concat(parts));
      }),
    );
  });

  test('a body of exactly the limit is taken, one byte more is refused and its source cancelled', async () => {
    const exact = manual();
    const collected = collectBody(exact.source, 3, tooLarge);
    exact.sink().data(Buffer.from('abc'));
    exact.sink().end();
    expect((await collected).toString()).toBe('abc');
    const over = manual();
    const refused = collectBody(over.source, 3, tooLarge);
    expect(over.sink().data(Buffer.from('abcd'))).toBe(false);
    await expect(refused).rejects.toMatchObject({ code: 'upstream.too_large' });
    expect(over.log).toEqual(['cancel']);
  });

  test('a source that pushes too much before it has started is cancelled all the same', async () => {
    let cancelled = 0;
    const source: BodySource = {
      start(sink) {
        sink.data(Buffer.alloc(10));
        return { resume: () => {}, cancel: () => void (cancelled += 1) };
      },
    };
    await expect(collectBody(source, 3, tooLarge)).rejects.toMatchObject({ code: 'upstream.too_large' });
    expect(cancelled).toBe(1);
  });

  test('the failure of the source is the failure of the whole', async () => {
    const { source, sink } = manual();
    const collected = collectBody(source, 3, tooLarge);
    sink().fail(new GatewayError('upstream.broken', 'gone'));
    await expect(collected).rejects.toMatchObject({ code: 'upstream.broken' });
  });

  test('a body at rest has a limit too', async () => {
    expect((await collectBody(Buffer.from('abc'), 3, tooLarge)).toString()).toBe('abc');
    await expect(collectBody(Buffer.from('abcd'), 3, tooLarge)).rejects.toMatchObject({ code: 'upstream.too_large' });
  });
});

test('a body that nobody reads is started only to be cancelled', () => {
  const { source, sink, log } = manual();
  discardBody(source);
  expect(log).toEqual(['cancel']);
  expect(sink().data(Buffer.from('late'))).toBe(true);
  sink().fail(tooLarge());
  sink().end();
  expect(() => discardBody(Buffer.from('at rest'))).not.toThrow();
});
