import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { TraceState } from '@opentelemetry/core';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { key, writeDouble, writeFlag, writeInt, writeText, writeTexts } from '../../src/telemetry/attributes.ts';
import { envelope, type SpanHead, writeSpan } from '../../src/telemetry/otlp-encode.ts';
import { ProtoWriter } from '../../src/telemetry/proto-writer.ts';
import { decodeTraces } from './decode.ts';

const RESOURCE = resourceFromAttributes({ 'service.name': 'waygate', 'service.instance.id': 'i-1' });
const SCOPE = { name: 'waygate', version: '1.2.3' };

interface Sample {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
  readonly state: string;
  readonly name: string;
  readonly kind: SpanHead['kind'];
  /** Nanoseconds since the epoch, in seconds and the rest. */
  readonly start: readonly [number, number];
  readonly micros: number;
  readonly text: string;
  readonly texts: readonly string[];
  readonly int: number;
  readonly double: number;
  readonly failure: string | undefined;
  readonly link: { readonly traceId: string; readonly spanId: string } | undefined;
}

const hexId = (bytes: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((id) => {
    id[0] = 1;
    return Buffer.from(id).toString('hex');
  });

const samples: fc.Arbitrary<Sample> = fc.record({
  traceId: hexId(16),
  spanId: hexId(8),
  parentId: fc.option(hexId(8), { nil: '' }),
  state: fc.constantFrom('', 'vendor=value', 'a=1,b=2'),
  name: fc.string({ minLength: 1, unit: 'grapheme' }),
  kind: fc.constantFrom(SpanKind.SERVER, SpanKind.CLIENT),
  // Microseconds, so that milliseconds with a fraction hold them exactly enough.
  start: fc.tuple(
    fc.integer({ min: 1_600_000_000, max: 2_000_000_000 }),
    fc.integer({ min: 0, max: 999_999 }).map((us) => us * 1_000),
  ),
  micros: fc.integer({ min: 0, max: 999_999 }),
  text: fc.string({ minLength: 1, maxLength: 300, unit: 'grapheme' }).filter((text) => text.length <= 512),
  texts: fc.array(fc.string({ unit: 'binary' }), { maxLength: 16 }),
  int: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  // The SDK takes a double without a fraction for an integer.
  double: fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Number.isInteger(value)),
  failure: fc.option(fc.string({ minLength: 1 }), { nil: undefined }),
  link: fc.option(fc.record({ traceId: hexId(16), spanId: hexId(8) }), { nil: undefined }),
});

function ours(sample: Sample): Uint8Array {
  const writer = new ProtoWriter(65_536);
  const end = writer.at;
  writeText(writer, key('text'), sample.text);
  writeTexts(writer, key('texts'), sample.texts);
  writeInt(writer, key('int'), sample.int);
  writeDouble(writer, key('double'), sample.double);
  writeFlag(writer, key('flag'), true);
  const startMs = sample.start[0] * 1_000 + sample.start[1] / 1_000_000;
  writeSpan(writer, end, {
    ...sample,
    parentIsRemote: sample.parentId !== '',
    traceState: sample.parentId === '' ? '' : sample.state,
    flags: 1,
    startMs,
    endMs: startMs + sample.micros / 1_000,
  });
  envelope(RESOURCE, SCOPE).wrap(writer, end);
  return writer.take();
}

function theirs(sample: Sample): Uint8Array {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({
    resource: RESOURCE,
    idGenerator: { generateTraceId: () => sample.traceId, generateSpanId: () => sample.spanId },
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
  });
  const parent = {
    traceId: sample.traceId,
    spanId: sample.parentId,
    traceFlags: 1,
    isRemote: true,
    ...(sample.state !== '' && { traceState: new TraceState(sample.state) }),
  };
  const context = sample.parentId === '' ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
  const options = {
    kind: sample.kind,
    startTime: [sample.start[0], sample.start[1]] as [number, number],
    links: sample.link ? [{ context: { ...sample.link, traceFlags: 1 } }] : [],
    attributes: { text: sample.text, texts: [...sample.texts], int: sample.int, double: sample.double, flag: true },
  };
  const span = provider.getTracer(SCOPE.name, SCOPE.version).startSpan(sample.name, options, context);
  if (sample.failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: sample.failure });
  const nanos = sample.start[1] + sample.micros * 1_000;
  span.end([sample.start[0] + Math.floor(nanos / 1e9), nanos % 1e9]);
  const bytes = ProtobufTraceSerializer.serializeRequest(exporter.getFinishedSpans());
  if (!bytes) throw new Error('the SDK serialized nothing');
  return bytes;
}

// Milliseconds with a fraction hold a time to about a fifth of a microsecond.
function rounded<Span extends { readonly startNanos: bigint; readonly endNanos: bigint }>(span: Span): Span {
  const micro = (nanos: bigint): bigint => (nanos + 500n) / 1_000n;
  return { ...span, startNanos: micro(span.startNanos), endNanos: micro(span.endNanos) };
}

describe('a span as OTLP', () => {
  test('its bytes say what the SDK itself says of the same span', () => {
    fc.assert(
      fc.property(samples, (sample) => {
        const mine = decodeTraces(ours(sample));
        const sdk = decodeTraces(theirs(sample));
        expect({ ...mine, spans: mine.spans.map(rounded) }).toEqual({ ...sdk, spans: sdk.spans.map(rounded) });
      }),
    );
  });

  test('several spans share one envelope', () => {
    const writer = new ProtoWriter(65_536);
    const end = writer.at;
    const head = { traceId: 'a'.repeat(32), parentId: '', parentIsRemote: false, traceState: '', flags: 1, name: 'n' };
    for (const spanId of ['1'.repeat(16), '2'.repeat(16)]) {
      writeSpan(writer, writer.at, {
        ...head,
        spanId,
        kind: SpanKind.SERVER,
        startMs: 1,
        endMs: 2,
        link: undefined,
        failure: undefined,
      });
    }
    envelope(RESOURCE, SCOPE).wrap(writer, end);
    const decoded = decodeTraces(writer.take());
    expect(decoded.spans.map((span) => span.spanId).sort()).toEqual(['1'.repeat(16), '2'.repeat(16)]);
    expect(decoded.resource['service.name']).toBe('waygate');
    expect(decoded.scope).toEqual(SCOPE);
  });
});
