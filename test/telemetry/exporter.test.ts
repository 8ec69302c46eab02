import { SpanKind } from '@opentelemetry/api';
import { emptyResource } from '@opentelemetry/resources';
import { describe, expect, test } from 'vitest';
import { SpanExporter } from '../../src/telemetry/exporter.ts';
import { envelope, writeSpan } from '../../src/telemetry/otlp-encode.ts';
import { collector } from '../../src/telemetry/otlp-post.ts';
import { deadEndpoint, startCollector } from './collector.ts';

interface Bench {
  readonly exporter: SpanExporter;
  readonly drops: { spans: number; readonly reasons: Set<string> };
  readonly add: (count: number) => void;
}

function bench(endpoint: string, timing: { readonly timeoutMs?: number; readonly flushMs?: number } = {}): Bench {
  const drops = { spans: 0, reasons: new Set<string>() };
  const exporter = new SpanExporter({
    envelope: envelope(emptyResource(), { name: 'waygate', version: '0' }),
    collector: collector({
      url: new URL(`${endpoint}/v1/traces`),
      headers: { 'x-team': 'a' },
      timeoutMs: timing.timeoutMs ?? 1_000,
    }),
    onDrop(spans, reason) {
      drops.spans += spans;
      drops.reasons.add(reason);
    },
    flushMs: timing.flushMs ?? 5,
    retryMs: 1,
  });
  let made = 0;
  return {
    exporter,
    drops,
    add(count) {
      for (let index = 0; index < count; index += 1) {
        made += 1;
        const spanId = made.toString(16).padStart(16, '0');
        exporter.add((writer) =>
          writeSpan(writer, writer.at, {
            traceId: 'a'.repeat(32),
            spanId,
            parentId: '',
            parentIsRemote: false,
            traceState: '',
            flags: 1,
            name: 'x'.repeat(400),
            kind: SpanKind.SERVER,
            startMs: 1,
            endMs: 2,
            link: undefined,
            failure: undefined,
          }),
        );
      }
    },
  };
}

describe('span exporter', () => {
  test('every span arrives once, in requests of at most 512', async () => {
    const sink = await startCollector();
    const { exporter, drops, add } = bench(sink.endpoint);
    add(1_300);
    await exporter.close(2_000);
    const ids = sink.spans().map((span) => span.spanId);
    expect(new Set(ids).size).toBe(1_300);
    expect(ids).toHaveLength(1_300);
    expect(sink.posts).toHaveLength(3);
    expect(sink.posts[0]?.headers).toMatchObject({ 'content-type': 'application/x-protobuf', 'x-team': 'a' });
    expect(drops.spans).toBe(0);
    await sink.close();
  });

  test('a lone span does not wait for others longer than the flush interval', async () => {
    const sink = await startCollector();
    const { exporter, add } = bench(sink.endpoint);
    add(1);
    await sink.until((posts) => posts.length === 1);
    expect(sink.spans()).toHaveLength(1);
    await exporter.close(1_000);
    await sink.close();
  });

  test('an overloaded collector is asked again, and what it takes then is not lost', async () => {
    const sink = await startCollector((response, index) => {
      response.writeHead(index < 2 ? 503 : 200, { 'retry-after': '0' }).end();
    });
    const { exporter, drops, add } = bench(sink.endpoint);
    add(3);
    await sink.until((posts) => posts.length === 3);
    await exporter.close(1_000);
    expect(drops.spans).toBe(0);
    expect(new Set(sink.posts.map((post) => post.body.toString('hex'))).size).toBe(1);
    await sink.close();
  });

  test('what a collector refuses is dropped at once and counted', async () => {
    const sink = await startCollector((response) => void response.writeHead(400).end());
    const { exporter, drops, add } = bench(sink.endpoint);
    add(3);
    await expect.poll(() => drops.spans).toBe(3);
    await exporter.close(1_000);
    expect(drops).toEqual({ spans: 3, reasons: new Set(['the collector answered 400']) });
    expect(sink.posts).toHaveLength(1);
    await sink.close();
  });

  test('a redirect is not followed', async () => {
    const other = await startCollector();
    const sink = await startCollector((response) => void response.writeHead(307, { location: other.endpoint }).end());
    const { exporter, drops, add } = bench(sink.endpoint);
    add(1);
    await exporter.close(1_000);
    expect(drops.spans).toBe(1);
    expect(other.posts).toEqual([]);
    await sink.close();
    await other.close();
  });

  test('with a dead collector memory stays bounded and every drop is counted', async () => {
    const { exporter, drops, add } = bench(await deadEndpoint(), { flushMs: 1_000 });
    add(60_000);
    expect(drops.spans).toBeGreaterThanOrEqual(60_000 - 4_096 - 512);
    expect(drops.reasons).toContain('the queue is full');
    await exporter.close(1_000);
    expect(drops.spans).toBe(60_000);
  });

  test('a collector that never answers is given up at the time-out, and does not hold up the end', async () => {
    const sink = await startCollector(() => {});
    const { exporter, drops, add } = bench(sink.endpoint, { timeoutMs: 60_000 });
    add(600);
    await sink.until((posts) => posts.length === 1);
    const started = performance.now();
    await exporter.close(50);
    expect(performance.now() - started).toBeLessThan(1_000);
    expect(drops.spans).toBe(600);
    await sink.close();
  });

  test('a slow collector is given up after its time-out and tried again', async () => {
    const sink = await startCollector((response, index) => {
      if (index > 0) response.end();
    });
    const { exporter, drops, add } = bench(sink.endpoint, { timeoutMs: 30 });
    add(2);
    await sink.until((posts) => posts.length === 2);
    await exporter.close(1_000);
    expect(drops.spans).toBe(0);
    await sink.close();
  });
});
