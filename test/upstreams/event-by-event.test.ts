import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BodySink, BodySource } from '../../src/core/body.ts';
import { GatewayError } from '../../src/core/errors.ts';
import { eventByEvent } from '../../src/upstreams/event-by-event.ts';

interface Seen {
  readonly passed: string[];
  readonly log: string[];
  readonly sink: BodySink;
}

/** A stream that the test pushes by hand, changed by `change`. */
function watch(change: (events: Buffer) => Buffer = (events) => events, limit = 1_000, more = true): Seen {
  const passed: string[] = [];
  const log: string[] = [];
  let pushed: BodySink | undefined;
  const source: BodySource = {
    start(sink) {
      pushed = sink;
      return { resume: () => void log.push('resume'), cancel: () => void log.push('cancel') };
    },
  };
  eventByEvent(source, { change, limit }).start({
    data: (chunk) => (passed.push(chunk.toString()), more),
    end: () => log.push('end'),
    fail: (error) => log.push(`fail ${error.code}`),
  });
  if (!pushed) throw new Error('not started');
  return { passed, log, sink: pushed };
}

describe('events', () => {
  test('pass whole and in order, however the stream is cut, and a torn one does not', () => {
    const ending = fc.constantFrom('\n', '\r\n', '\r');
    const event = fc
      .tuple(fc.stringMatching(/^[ -~]{0,10}$/), ending)
      .map(([text, end]) => `data: ${text}${end}${end}`);
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 6 }),
        fc.constantFrom('', 'data: torn', 'data: torn\n'),
        fc.array(fc.nat(), { maxLength: 8 }),
        (events, torn, places) => {
          const whole = events.join('');
          const bytes = Buffer.from(whole + torn);
          const { passed, sink, log } = watch();
          const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
          let start = 0;
          for (const end of ends) {
            sink.data(bytes.subarray(start, end));
            start = end;
          }
          sink.end();
          expect(passed.join('')).toBe(whole);
          expect(log).toEqual(['end']);
        },
      ),
    );
  });

  test('pass as soon as they are whole', () => {
    const { passed, sink } = watch();
    sink.data(Buffer.from('data: one\n'));
    expect(passed).toEqual([]);
    sink.data(Buffer.from('\ndata: tw'));
    expect(passed).toEqual(['data: one\n\n']);
    sink.data(Buffer.from('o\r\n\r\n'));
    expect(passed).toEqual(['data: one\n\n', 'data: two\r\n\r\n']);
  });

  test('are changed on the way, several at once where they came at once', () => {
    const { passed, sink } = watch((events) => Buffer.from(events.toString().toUpperCase()));
    sink.data(Buffer.from('data: a\n\ndata: b\n\n'));
    expect(passed).toEqual(['DATA: A\n\nDATA: B\n\n']);
  });

  test('that cannot be changed end the stream, and nothing of them passes', () => {
    const { passed, log, sink } = watch(() => {
      throw new GatewayError('upstream.broken', 'no list');
    });
    sink.data(Buffer.from('data: x\n\n'));
    sink.data(Buffer.from('data: y\n\n'));
    sink.end();
    sink.fail(new GatewayError('upstream.broken', 'late'));
    expect(passed).toEqual([]);
    expect(log).toEqual(['fail upstream.broken', 'cancel']);
  });

  test('larger than the limit end the stream', () => {
    const { log, sink } = watch(undefined, 10);
    sink.data(Buffer.from('data: 1\n\n'));
    sink.data(Buffer.from('x'.repeat(11)));
    expect(log).toEqual(['fail upstream.too_large', 'cancel']);
  });

  test('of a stream that breaks: those that were whole, then its failure', () => {
    const { passed, log, sink } = watch();
    sink.data(Buffer.from('data: one\n\ndata: to'));
    sink.fail(new GatewayError('upstream.broken', 'gone'));
    expect(passed).toEqual(['data: one\n\n']);
    expect(log).toEqual(['fail upstream.broken']);
  });

  test('hand their reader’s backpressure on, and want more while none is whole', () => {
    const { sink } = watch(undefined, 1_000, false);
    expect(sink.data(Buffer.from('data: on'))).toBe(true);
    expect(sink.data(Buffer.from('e\n\n'))).toBe(false);
  });
});

test('a body at rest is a stream like any other', () => {
  for (const [body, failure] of [
    ['data: a\n\n', undefined],
    ['x'.repeat(11), 'upstream.too_large'],
  ] as const) {
    const passed: string[] = [];
    let end: string | undefined;
    eventByEvent(Buffer.from(body), { change: (events) => events, limit: 10 }).start({
      data: (chunk) => passed.push(chunk.toString()) > 0,
      end: () => (end ??= 'end'),
      fail: (error) => (end ??= error.code),
    });
    expect(end).toBe(failure ?? 'end');
    expect(passed).toEqual(failure ? [] : [body]);
  }
});

test('a stream that is stopped before it has started is cancelled all the same', () => {
  let cancelled = 0;
  const source: BodySource = {
    start(sink) {
      sink.data(Buffer.from('x'.repeat(11)));
      return { resume: () => {}, cancel: () => void (cancelled += 1) };
    },
  };
  eventByEvent(source, { change: (events) => events, limit: 10 }).start({
    data: () => true,
    end: () => {},
    fail: () => {},
  });
  expect(cancelled).toBe(1);
});
