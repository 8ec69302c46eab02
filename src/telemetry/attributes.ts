import { ProtoWriter } from './proto-writer.ts';

// OTLP common.proto: KeyValue { key = 1; AnyValue value = 2 }, in a Span as field 9.
const SPAN_ATTRIBUTE = 0x4a;
const VALUE = 0x12;
const TEXT = 0x0a;
const BOOL = 0x10;
const INT = 0x18;
const DOUBLE = 0x21;
const ARRAY = 0x2a;
const ARRAY_ITEM = 0x0a;

/** Items of a list that are kept. */
const ITEMS_MAX = 16;

/** An attribute's name, encoded once. */
export type Key = Uint8Array;

export function key(name: string): Key {
  const writer = new ProtoWriter(name.length + 16);
  const end = writer.at;
  writer.text(name);
  writer.wrap(0x0a, end);
  return writer.take();
}

/** A whole attribute that never changes, encoded once; write it with `raw`. */
export function constant(name: string, value: string): Uint8Array {
  const writer = new ProtoWriter(name.length + value.length + 32);
  writeText(writer, key(name), value);
  return writer.take();
}

/** A text attribute; an empty text is none. */
export function writeText(writer: ProtoWriter, name: Key, value: string | undefined): void {
  if (value === undefined || value === '') return;
  const end = writer.at;
  writer.text(value);
  writer.wrap(TEXT, end);
  finish(writer, name, end);
}

export function writeTexts(writer: ProtoWriter, name: Key, values: readonly string[]): void {
  const end = writer.at;
  for (let index = Math.min(values.length, ITEMS_MAX) - 1; index >= 0; index -= 1) {
    const itemEnd = writer.at;
    writer.text(values[index] ?? '');
    writer.wrap(TEXT, itemEnd);
    writer.wrap(ARRAY_ITEM, itemEnd);
  }
  writer.wrap(ARRAY, end);
  finish(writer, name, end);
}

/** A whole number, 0 to 2^53; anything else is not written. */
export function writeInt(writer: ProtoWriter, name: Key, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) return;
  const end = writer.at;
  writer.varint(value);
  writer.byte(INT);
  finish(writer, name, end);
}

export function writeDouble(writer: ProtoWriter, name: Key, value: number): void {
  const end = writer.at;
  writer.double(value);
  writer.byte(DOUBLE);
  finish(writer, name, end);
}

/** A boolean attribute that is only worth its bytes where it is true. */
export function writeFlag(writer: ProtoWriter, name: Key, value: boolean): void {
  if (!value) return;
  const end = writer.at;
  writer.byte(1);
  writer.byte(BOOL);
  finish(writer, name, end);
}

function finish(writer: ProtoWriter, name: Key, end: number): void {
  writer.wrap(VALUE, end);
  writer.raw(name);
  writer.wrap(SPAN_ATTRIBUTE, end);
}
