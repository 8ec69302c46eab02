import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ProtoWriter } from '../../src/telemetry/proto-writer.ts';

function written(write: (writer: ProtoWriter) => void): Buffer {
  const writer = new ProtoWriter(4_096);
  write(writer);
  return writer.take();
}

describe('ProtoWriter', () => {
  test('a varint holds every whole number up to 2^53, in as few bytes as it needs', () => {
    fc.assert(
      fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (value) => {
        const bytes = written((writer) => writer.varint(value));
        const read = bytes.reduce((sum, byte, index) => sum + BigInt(byte & 0x7f) * 128n ** BigInt(index), 0n);
        expect(read).toBe(BigInt(value));
        expect(bytes.at(-1)! < 0x80 && (bytes.length === 1 || bytes.at(-1) !== 0)).toBe(true);
      }),
    );
  });

  test('whole milliseconds become nanoseconds exactly, past 2^53', () => {
    fc.assert(
      fc.property(fc.nat({ max: 9_000_000_000_000 }), (milliseconds) => {
        const bytes = written((writer) => writer.nanos(milliseconds));
        expect(bytes.readBigUInt64LE()).toBe(BigInt(milliseconds) * 1_000_000n);
      }),
    );
  });

  test('a fraction of a millisecond is kept to the microsecond', () => {
    const bytes = written((writer) => writer.nanos(1_763_900_000_123.456));
    expect(Number(bytes.readBigUInt64LE() - 1_763_900_000_123_456_000n)).toBeLessThan(500);
    expect(Number(bytes.readBigUInt64LE() - 1_763_900_000_123_456_000n)).toBeGreaterThan(-500);
  });

  test('a text is UTF-8, short or long, of one byte a character or of four', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 120, unit: 'grapheme' }), (text) => {
        fc.pre(text.length <= 512);
        expect(written((writer) => writer.text(text)).toString()).toBe(text);
      }),
    );
  });

  test.each(['\u007f', '\u0080', 'café', 'ÿ', 'x'.repeat(40) + 'é', '😀'])('%s is UTF-8 too', (text) => {
    expect(written((writer) => writer.text(text))).toEqual(Buffer.from(text));
  });

  test('a text is cut after 512 characters', () => {
    expect(written((writer) => writer.text('x'.repeat(2_000))).length).toBe(512);
  });

  test('a message is wrapped in its tag and length without moving', () => {
    const bytes = written((writer) => {
      const end = writer.at;
      writer.raw(Buffer.alloc(300, 7));
      writer.wrap(0x0a, end);
    });
    expect([...bytes.subarray(0, 3)]).toEqual([0x0a, 0xac, 0x02]);
    expect(bytes.length).toBe(303);
  });

  test('what was taken is not written over by what comes next', () => {
    const writer = new ProtoWriter(64);
    writer.text('first');
    const first = writer.take();
    writer.text('second');
    expect([first.toString(), writer.take().toString()]).toEqual(['first', 'second']);
  });
});
