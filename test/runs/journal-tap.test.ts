import { describe, expect, test } from 'vitest';
import { GatewayError } from '../../src/core/errors.ts';
import { journalTap, KEPT_BYTES_MAX, type Seen } from '../../src/runs/journal-tap.ts';
import { HandSource, Reader } from '../metering/flow.ts';

const broken = new GatewayError('upstream.broken', 'gone');

function flowing() {
  const seen: Seen[] = [];
  const source = new HandSource();
  const reader = new Reader();
  const body = journalTap(source, (one) => void seen.push(one));
  const control = Buffer.isBuffer(body) ? undefined : body.start(reader);
  return { seen, source, reader, control };
}

describe('a body at rest', () => {
  test('is read before it leaves, and leaves as it is', () => {
    const seen: Seen[] = [];
    const body = Buffer.from('x');
    expect(journalTap(body, (one) => void seen.push(one))).toBe(body);
    expect(seen).toEqual([{ kind: 'whole', body }]);
  });

  test.each([
    [KEPT_BYTES_MAX, 'whole'],
    [KEPT_BYTES_MAX + 1, 'large'],
  ])('of %i bytes is %s', (size, kind) => {
    const seen: Seen[] = [];
    journalTap(Buffer.alloc(size), (one) => void seen.push(one));
    expect(seen).toMatchObject([{ kind }]);
  });
});

describe('a body that flows', () => {
  test('passes as it comes, and is whole at its end', () => {
    const { seen, source, reader } = flowing();
    source.push('ab');
    expect(reader.text).toBe('ab');
    source.push('c');
    expect(seen).toEqual([]);
    source.sink?.end();
    expect(seen).toEqual([{ kind: 'whole', body: Buffer.from('abc') }]);
    expect(reader).toMatchObject({ text: 'abc', end_: 1 });
  });

  test('waits for its reader', () => {
    const { source, reader, control } = flowing();
    reader.full = true;
    expect(source.push('a')).toBe(false);
    control?.resume();
    expect(source.calls).toEqual(['resume']);
  });

  test('is not kept past the bound, however it is cut into pieces', () => {
    const { seen, source, reader } = flowing();
    const piece = 'x'.repeat(KEPT_BYTES_MAX / 2);
    for (let i = 0; i < 3; i += 1) source.push(piece);
    source.push('x');
    source.sink?.end();
    expect(seen).toEqual([{ kind: 'large' }]);
    expect(reader.text).toHaveLength(1.5 * KEPT_BYTES_MAX + 1);
  });

  test('that breaks is broken, for its reader too', () => {
    const { seen, source, reader } = flowing();
    source.push('a');
    source.sink?.fail(broken);
    expect(seen).toEqual([{ kind: 'broken' }]);
    expect(reader.failure).toBe(broken);
  });

  test('goes on when its reader leaves, without waiting for it, and tells it nothing more', () => {
    const { seen, source, reader, control } = flowing();
    reader.full = true;
    source.push('a');
    control?.cancel();
    control?.cancel();
    expect(source.calls).toEqual(['resume']);
    expect(source.push('b')).toBe(true);
    source.sink?.end();
    expect(seen).toEqual([{ kind: 'whole', body: Buffer.from('ab') }]);
    expect(reader).toMatchObject({ text: 'a', end_: 0 });
  });

  test('that breaks behind a reader that left is broken', () => {
    const { seen, source, reader, control } = flowing();
    control?.cancel();
    source.sink?.fail(broken);
    expect(seen).toEqual([{ kind: 'broken' }]);
    expect(reader.failure).toBeUndefined();
  });

  test('whose reader left is told to end all the same', () => {
    const { seen, source, control } = flowing();
    control?.cancel();
    control?.cancel(broken);
    expect(source.calls).toEqual(['resume', 'cancel']);
    expect(seen).toEqual([{ kind: 'broken' }]);
  });

  test('that is told to end, ends, and is broken once', () => {
    const { seen, source, reader, control } = flowing();
    control?.cancel(broken);
    source.push('late');
    source.sink?.end();
    source.sink?.fail(broken);
    control?.cancel();
    expect(seen).toEqual([{ kind: 'broken' }]);
    expect(source.calls).toEqual(['cancel']);
    expect(reader).toMatchObject({ text: '', end_: 0, failure: undefined });
  });

  test('that is cut before it has begun lets its source go', () => {
    const calls: string[] = [];
    const seen: Seen[] = [];
    const body = journalTap(
      {
        start(sink) {
          sink.data(Buffer.from('a'));
          return { resume() {}, cancel: () => void calls.push('cancel') };
        },
      },
      (one) => void seen.push(one),
    );
    if (Buffer.isBuffer(body)) throw new Error('at rest');
    const source = body;
    source.start({
      data: () => (source as unknown as { cancel(error: GatewayError): void }).cancel(broken) === undefined,
      end() {},
      fail() {},
    });
    expect(calls).toEqual(['cancel']);
    expect(seen).toEqual([{ kind: 'broken' }]);
  });
});
