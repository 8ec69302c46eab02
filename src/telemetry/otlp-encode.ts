// Spans as OTLP's protobuf (opentelemetry-proto 1.x, trace.proto), written straight from the call's record: no span object
// outlives its call, and what waits for the collector is bytes.
import { type SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import { ProtoWriter } from './proto-writer.ts';

/** A span's fields besides its attributes. */
export interface SpanHead {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for a root. */
  readonly parentId: string;
  /** True where the parent is another process's span. */
  readonly parentIsRemote: boolean;
  readonly traceState: string;
  readonly flags: number;
  readonly name: string;
  readonly kind: SpanKind.SERVER | SpanKind.CLIENT;
  /** Milliseconds since the epoch, with a fraction. */
  readonly startMs: number;
  readonly endMs: number;
  readonly link: SpanLink | undefined;
  /** Undefined for a span that did not fail. */
  readonly failure: string | undefined;
}

/** A span of another trace that belongs with this one. */
export interface SpanLink {
  readonly traceId: string;
  readonly spanId: string;
}

const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

/** Ends a span whose attributes were written since the writer stood at `end`. */
export function writeSpan(writer: ProtoWriter, end: number, head: SpanHead): void {
  writeFlags(writer, head.flags, head.parentIsRemote);
  if (head.failure !== undefined) writeStatus(writer, head.failure);
  if (head.link) writeLink(writer, head.link);
  writer.nanos(head.endMs);
  writer.byte(0x41);
  writer.nanos(head.startMs);
  writer.byte(0x39);
  writer.byte(head.kind + 1);
  writer.byte(0x30);
  writeField(writer, 0x2a, head.name);
  if (head.parentId !== '') writeId(writer, 0x22, head.parentId);
  if (head.traceState !== '') writeField(writer, 0x1a, head.traceState);
  writeId(writer, 0x12, head.spanId);
  writeId(writer, 0x0a, head.traceId);
  writer.wrap(0x12, end);
}

// Field 16, fixed32: its tag takes two bytes.
function writeFlags(writer: ProtoWriter, traceFlags: number, isRemote: boolean): void {
  const flags = traceFlags | HAS_IS_REMOTE | (isRemote ? IS_REMOTE : 0);
  writer.byte(0);
  writer.byte(0);
  writer.byte(flags >> 8);
  writer.byte(flags & 0xff);
  writer.byte(0x01);
  writer.byte(0x85);
}

function writeStatus(writer: ProtoWriter, message: string): void {
  const end = writer.at;
  writer.byte(SpanStatusCode.ERROR);
  writer.byte(0x18);
  writeField(writer, 0x12, message);
  writer.wrap(0x7a, end);
}

function writeLink(writer: ProtoWriter, link: SpanLink): void {
  const end = writer.at;
  writeId(writer, 0x12, link.spanId);
  writeId(writer, 0x0a, link.traceId);
  writer.wrap(0x6a, end);
}

function writeField(writer: ProtoWriter, tag: number, value: string): void {
  const end = writer.at;
  writer.text(value);
  writer.wrap(tag, end);
}

function writeId(writer: ProtoWriter, tag: number, digits: string): void {
  const end = writer.at;
  writer.hex(digits);
  writer.wrap(tag, end);
}

/** What every request to the collector says of this process: `wrap` it around the spans written since `end`. */
export interface Envelope {
  wrap(writer: ProtoWriter, end: number): void;
}

export function envelope(resource: Resource, scope: { readonly name: string; readonly version: string }): Envelope {
  const resourceBytes = encodeResource(resource);
  const scopeBytes = encodeScope(scope);
  return {
    wrap(writer, end) {
      writer.raw(scopeBytes);
      writer.wrap(0x12, end);
      writer.raw(resourceBytes);
      writer.wrap(0x0a, end);
    },
  };
}

function encodeResource(resource: Resource): Buffer {
  const writer = new ProtoWriter(65_536);
  const end = writer.at;
  for (const [name, value] of Object.entries(resource.attributes)) {
    const start = writer.at;
    writeField(writer, 0x0a, String(value));
    writer.wrap(0x12, start);
    writeField(writer, 0x0a, name);
    writer.wrap(0x0a, start);
  }
  writer.wrap(0x0a, end);
  return writer.take();
}

function encodeScope(scope: { readonly name: string; readonly version: string }): Buffer {
  const writer = new ProtoWriter(2_048);
  const end = writer.at;
  writeField(writer, 0x12, scope.version);
  writeField(writer, 0x0a, scope.name);
  writer.wrap(0x0a, end);
  return writer.take();
}
