import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BodySource, collectBody } from '../../src/core/body.ts';
import { GatewayError } from '../../src/core/errors.ts';
import { scrubBody, scrubBuffer, scrubSource, scrubText } from '../../src/upstreams/scrub.ts';

const SECRET = Buffer.from('sk-live-aab-aab-aac');
const MASK = '*'.repeat(SECRET.length);
const tooLarge = (): GatewayError => new GatewayError('upstream.too_large', 'too large');

/** A source that pushes these chunks and ends. */
function sourceOf(chunks: readonly Buffer[], end?: GatewayError): BodySource {
  return {
    start(sink) {
      for (const chunk of chunks) sink.data(chunk);
      if (end) sink.fail(end);
      else sink.end();
      return { resume: () => {}, cancel: () => {} };
    },
  };
}

/** Text rich in whole secrets, their beginnings and near misses. */
const echo = fc
  .array(
    fc.oneof(
      fc.constant(SECRET.toString()),
      fc.nat(SECRET.length).map((length) => SECRET.toString().slice(0, length)),
      fc.nat(SECRET.length).map((length) => SECRET.toString().slice(length)),
      fc.constantFrom('sk-live-aab-', 'aab-', 'a', '\n', 'data: '),
      fc.string({ maxLength: 5 }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => Buffer.from(parts.join('')));

/** The same bytes, cut at the given places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  let start = 0;
  return ends.map((end) => {
    const part = bytes.subarray(start, end);
    start = end;
    return part;
  });
}

describe('the credential of an upstream that echoes it', () => {
  test('is masked wherever it stands, and nothing else changes, however the body is cut into chunks', async () => {
    await fc.assert(
      fc.asyncProperty(echo, fc.array(fc.nat(), { maxLength: 12 }), async (bytes, places) => {
        const scrubbed = scrubSource(sourceOf(cut(bytes, places)), SECRET);
        const seen = await collectBody(scrubbed, bytes.length, tooLarge);
        expect(seen.toString('latin1')).toBe(bytes.toString('latin1').replaceAll(SECRET.toString(), MASK));
        expect(seen.includes(SECRET)).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  test('is masked byte by byte too', async () => {
    const bytes = Buffer.from(`data: ${SECRET.toString()}${SECRET.toString()}\n\n`);
    const single = Array.from(bytes, (_, index) => bytes.subarray(index, index + 1));
    const seen = await collectBody(scrubSource(sourceOf(single), SECRET), 1_000, tooLarge);
    expect(seen.toString()).toBe(`data: ${MASK}${MASK}\n\n`);
  });

  test('is masked in a body at rest, and the upstream’s own bytes stay as they were', () => {
    const bytes = Buffer.from(`a ${SECRET.toString()} b`);
    expect(scrubBuffer(bytes, SECRET).toString()).toBe(`a ${MASK} b`);
    expect(bytes.includes(SECRET)).toBe(true);
    const clean = Buffer.from('nothing here');
    expect(scrubBody(clean, SECRET)).toBe(clean);
  });

  test('is masked in a header', () => {
    expect(scrubText(`Bearer ${SECRET.toString()}, ${SECRET.toString()}`, SECRET.toString())).toBe(
      `Bearer ${MASK}, ${MASK}`,
    );
    expect(scrubText('nothing here', SECRET.toString())).toBe('nothing here');
  });
});

describe('a body that is scrubbed as it flows', () => {
  test('holds back nothing but a possible beginning of the secret', () => {
    const passed: string[] = [];
    const pushed: { data(chunk: Buffer): boolean } = { data: () => true };
    const source: BodySource = {
      start(sink) {
        pushed.data = (chunk) => sink.data(chunk);
        return { resume: () => {}, cancel: () => {} };
      },
    };
    scrubSource(source, SECRET).start({
      data: (chunk) => passed.push(chunk.toString()) > 0,
      end: () => {},
      fail: () => {},
    });
    pushed.data(Buffer.from('data: one\n\n'));
    expect(passed).toEqual(['data: one\n\n']);
    pushed.data(Buffer.from('data: sk-li'));
    expect(passed.at(-1)).toBe('data: ');
    pushed.data(Buffer.from('ne\n\n'));
    expect(passed.at(-1)).toBe('sk-line\n\n');
  });

  test('passes on what it held when the body ends or breaks', () => {
    for (const end of [undefined, new GatewayError('upstream.broken', 'gone')]) {
      const log: string[] = [];
      scrubSource(sourceOf([Buffer.from('x sk-li')], end), SECRET).start({
        data: (chunk) => log.push(chunk.toString()) > 0,
        end: () => log.push('end'),
        fail: () => log.push('fail'),
      });
      expect(log).toEqual(['x ', 'sk-li', end ? 'fail' : 'end']);
    }
  });

  test('hands backpressure and cancelling through', () => {
    const log: string[] = [];
    const answers: boolean[] = [];
    const source: BodySource = {
      start(sink) {
        answers.push(sink.data(Buffer.from('full')), sink.data(Buffer.from('sk-')));
        return { resume: () => log.push('resume'), cancel: () => log.push('cancel') };
      },
    };
    const control = scrubSource(source, SECRET).start({ data: () => false, end: () => {}, fail: () => {} });
    control.resume();
    control.cancel();
    expect(log).toEqual(['resume', 'cancel']);
    // The second chunk is all held back, so that more is wanted.
    expect(answers).toEqual([false, true]);
  });
});
