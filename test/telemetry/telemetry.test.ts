import { describe, expect, test } from 'vitest';
import { GatewayError } from '../../src/core/errors.ts';
import { telemetrySchema } from '../../src/telemetry/schema.ts';
import { startTelemetry, type Telemetry } from '../../src/telemetry/telemetry.ts';
import { chatCall, incoming, OPENAI, recordOf, toolCall } from './calls.ts';
import { deadEndpoint, startCollector } from './collector.ts';

interface Started extends Telemetry {
  readonly lines: string[];
}

function start(endpoint?: string, secrets: readonly string[] = []): Started {
  const lines: string[] = [];
  const telemetry = startTelemetry({
    config: telemetrySchema.parse(endpoint === undefined ? {} : { otlp: { endpoint } }),
    otlpHeaders: endpoint === undefined ? {} : { 'x-otlp-key': 'otlp-key-canary' },
    version: '0.1.0',
    instance: 'test-1',
    secrets,
    destination: () => OPENAI,
    upstreamHealth: () => new Map(),
    waiting: () => 3,
    write: (line) => void lines.push(line),
    intervals: { flushMs: 5, retryMs: 1, metricsMs: 60_000 },
  });
  return { ...telemetry, lines };
}

function carry(telemetry: Telemetry, calls = 1): void {
  for (let index = 0; index < calls; index += 1) {
    const trace = telemetry.tracer.begin(incoming());
    trace.attempt(chatCall(), 'openai').end({ status: 200 });
    trace.end(recordOf(chatCall()));
  }
}

describe('telemetry', () => {
  test('spans and metrics reach a collector, each at its own path, under the service’s name', async () => {
    const sink = await startCollector();
    const telemetry = start(sink.endpoint);
    carry(telemetry);
    await telemetry.shutdown();
    expect(sink.spans()).toHaveLength(2);
    expect(new Set(sink.posts.map((post) => post.path))).toEqual(new Set(['/v1/traces', '/v1/metrics']));
    for (const post of sink.posts) {
      expect(post.headers['x-otlp-key']).toBe('otlp-key-canary');
      expect(post.body.includes('waygate')).toBe(true);
    }
    const metrics = sink.posts.find((post) => post.path === '/v1/metrics');
    expect(metrics?.body.includes('gen_ai.client.inference.duration')).toBe(true);
    await sink.close();
  });

  test('a collector that is down costs calls nothing but spans, which are counted', async () => {
    const telemetry = start(await deadEndpoint());
    carry(telemetry, 20_000);
    expect(await telemetry.prometheusText()).toMatch(/^waygate_calls_total\{.*\} 20000$/m);
    const dropped = /^waygate_telemetry_dropped_total (\d+)$/m.exec(await telemetry.prometheusText())?.[1];
    expect(Number(dropped)).toBeGreaterThanOrEqual(40_000 - 4_096 - 512);
    expect(telemetry.lines.filter((line) => line.includes('spans are being dropped'))).toHaveLength(1);
    const started = performance.now();
    await telemetry.shutdown();
    expect(performance.now() - started).toBeLessThan(2_500);
  });

  test('a collector that never answers does not hold up the end of the process', async () => {
    const sink = await startCollector(() => {});
    const telemetry = start(sink.endpoint);
    carry(telemetry, 10);
    const started = performance.now();
    await telemetry.shutdown();
    expect(performance.now() - started).toBeLessThan(2_500);
    await sink.close();
  });

  test('no credential and no content leaves in a span, a metric or a log line', async () => {
    const sink = await startCollector();
    const telemetry = start(sink.endpoint, ['upstream-key-canary']);
    const call = toolCall({
      access: { ...toolCall().access, args: { title: 'args-canary', token: 'args-canary' } },
      body: Buffer.from('{"params":{"arguments":{"title":"body-canary"}}}'),
      headers: { 'x-extra': 'header-canary' },
      target: '?key=query-canary',
    });
    const request = incoming({
      path: '/v1/upstream-key-canary',
      query: '?api_key=query-canary',
      headers: {
        authorization: 'Bearer token-canary',
        'x-api-key': 'sk-canary-0123456789',
        cookie: 'cookie-canary',
        baggage: 'baggage-canary',
        'user-agent': 'agent sk-canary-0123456789',
      },
    });
    const cause = new Error('unexpected token in {"prompt":"body-canary"}');
    const error = new GatewayError('upstream.broken', 'the upstream said upstream-key-canary', { cause });
    const trace = telemetry.tracer.begin(request);
    trace.attempt(call, 'github').end({ error });
    trace.end(recordOf(call, { request, status: 502, ending: 'failed', error }));
    telemetry.log.error('failed', {
      error: new Error('Bearer token-canary upstream-key-canary'),
      authorization: 'header-canary',
    });
    const text = await telemetry.prometheusText();
    await telemetry.shutdown();
    const out = [...sink.posts.map((post) => post.body.toString('latin1')), text, ...telemetry.lines].join('\n');
    expect(sink.spans()).toHaveLength(2);
    expect(out).toContain('upstream.broken');
    expect(out.match(/[\w-]*canary[\w-]*/g)).toBeNull();
    await sink.close();
  });

  test('without a collector there are still metrics to scrape', async () => {
    const telemetry = start();
    carry(telemetry);
    telemetry.metrics.configReloaded('rejected');
    const text = await telemetry.prometheusText();
    expect(text).toMatch(/^waygate_calls_total\{/m);
    expect(text).toMatch(/^waygate_config_current 0$/m);
    expect(text).toMatch(/^target_info\{.*service_instance_id="test-1"/m);
    await telemetry.shutdown();
  });
});
