import { emptyResource } from '@opentelemetry/resources';
import { describe, expect, test } from 'vitest';
import { GatewayError } from '../../src/core/errors.ts';
import type { Tracer } from '../../src/core/trace.ts';
import { type CallMetrics, callMetrics } from '../../src/telemetry/call-metrics.ts';
import { SpanExporter } from '../../src/telemetry/exporter.ts';
import { envelope } from '../../src/telemetry/otlp-encode.ts';
import { Series } from '../../src/telemetry/series.ts';
import { tracer, type TracerSource } from '../../src/telemetry/tracer.ts';
import { chatCall, incoming, METERED, OPENAI, PERMIT, RECEIVED_AT_MS, recordOf, toolCall } from './calls.ts';
import { decodeTraces, type DecodedSpan } from './decode.ts';
import { childRun, rootRun } from '../support/runs.ts';

const SCOPE = { name: 'waygate', version: '0' };
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

interface Bench {
  readonly tracer: Tracer;
  readonly metrics: CallMetrics;
  /** Moves the monotonic clock on. */
  readonly pass: (ms: number) => void;
  /** Everything that was exported. */
  readonly spans: () => Promise<readonly DecodedSpan[]>;
}

function bench(change: Partial<TracerSource> = {}): Bench {
  const bodies: Buffer[] = [];
  const series = new Series(SCOPE);
  const metrics = callMetrics({ series, genai: 'both', destination: () => OPENAI });
  const exporter = new SpanExporter({
    envelope: envelope(emptyResource(), SCOPE),
    collector: {
      post: async (body) => {
        bodies.push(body);
        return { kind: 'taken' };
      },
      close: () => {},
    },
    onDrop: () => {},
  });
  let now = 5_000.25;
  return {
    tracer: tracer({
      sampleRatio: 1,
      exporter,
      metrics,
      destination: () => OPENAI,
      legacyNames: false,
      mask: (text) => text,
      monotonicMs: () => now,
      ...change,
    }),
    metrics,
    pass: (ms) => void (now += ms),
    async spans() {
      await exporter.close(1_000);
      return bodies.flatMap((body) => decodeTraces(body).spans);
    },
  };
}

function only(spans: readonly DecodedSpan[], kind: number): DecodedSpan {
  const [span, ...more] = spans.filter((candidate) => candidate.kind === kind);
  if (!span || more.length > 0) throw new Error(`expected one span of kind ${kind}`);
  return span;
}
const SERVER = 2;
const CLIENT = 3;

describe('tracer', () => {
  test('a model call is one SERVER span and one CLIENT span below it', async () => {
    const { tracer, pass, spans } = bench();
    const call = chatCall();
    const trace = tracer.begin(
      incoming({
        headers: { traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: 'a=1', baggage: 'k=v', 'user-agent': 'ua' },
      }),
    );
    pass(3);
    const attempt = trace.attempt(call, 'openai');
    pass(40.5);
    attempt.end({ status: 200 });
    pass(6.5);
    trace.end(recordOf(call));
    const all = await spans();
    const server = only(all, SERVER);
    const client = only(all, CLIENT);
    expect(trace.traceId).toBe(TRACE);
    expect(attempt.headers).toEqual({ traceparent: `00-${TRACE}-${client.spanId}-01`, tracestate: 'a=1' });
    expect(server).toMatchObject({
      traceId: TRACE,
      parentId: SPAN,
      name: 'POST /v1/chat/completions',
      traceState: 'a=1',
      flags: 0x301,
    });
    expect(client).toMatchObject({
      traceId: TRACE,
      parentId: server.spanId,
      name: 'chat gpt-5',
      flags: 0x101,
      status: { code: 0, message: '' },
    });
    const start = BigInt(RECEIVED_AT_MS) * 1_000_000n;
    expect([server.startNanos - start, server.endNanos - start]).toEqual([0n, 50_000_000n]);
    expect([client.startNanos - start, client.endNanos - start]).toEqual([3_000_000n, 50_000_000n]);
  });

  test('the SERVER span says who asked for what, what was decided and what it cost', async () => {
    const { tracer, spans } = bench();
    const call = chatCall();
    tracer
      .begin(incoming())
      .end(recordOf(call, { decision: { ...PERMIT, shadow: { effect: 'deny', rules: ['next/no'], reason: 'x' } } }));
    expect(only(await spans(), SERVER).attributes).toEqual({
      'http.request.method': 'POST',
      'http.route': '/v1/chat/completions',
      'http.response.status_code': 200n,
      'url.path': '/v1/chat/completions',
      'url.scheme': 'http',
      'network.protocol.version': '1.1',
      'client.address': '127.0.0.1',
      'user_agent.original': 'OpenAI/JS 7.57.0',
      'waygate.call.id': 'call_1',
      'waygate.route': 'openai',
      'waygate.run.id': 'run_1',
      'waygate.run.depth': 0n,
      'waygate.principal.subject': 'ana',
      'waygate.principal.tenant': 'acme',
      'waygate.principal.agent': 'researcher',
      'waygate.action': 'model.generate',
      'waygate.resource': 'model/openai/gpt-5',
      'waygate.decision': 'permit',
      'waygate.rules': ['research/models'],
      'waygate.policy.revision': 'sha256:abc',
      'waygate.shadow.decision': 'deny',
      'waygate.shadow.rules': ['next/no'],
      'waygate.ending': 'complete',
      'waygate.cost.usd_micros': 1234n,
    });
  });

  test('the SERVER span of a call that waited for room says how long, and for what', async () => {
    const { tracer, spans } = bench();
    const trace = tracer.begin(incoming());
    trace.waited({ ms: 1_500, limit: 'research/pace' });
    trace.end(recordOf(chatCall()));
    expect(only(await spans(), SERVER).attributes).toMatchObject({
      'waygate.limits.waited_ms': 1_500n,
      'waygate.limits.waited_for': 'research/pace',
    });
  });

  test('the CLIENT span of a model call follows the GenAI conventions', async () => {
    const { tracer, spans } = bench();
    const call = chatCall({ stream: true });
    const trace = tracer.begin(incoming());
    trace.attempt(call, 'openai').end({ status: 200 });
    trace.end(recordOf(call));
    expect(only(await spans(), CLIENT).attributes).toEqual({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.conversation.id': 'run_1',
      'gen_ai.request.model': 'gpt-5',
      'gen_ai.request.stream': true,
      'gen_ai.request.max_tokens': 256n,
      'gen_ai.request.temperature': 0.5,
      'gen_ai.response.id': 'chatcmpl-1',
      'gen_ai.response.model': 'gpt-5-2026-01-01',
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.response.time_to_first_chunk': 0.08,
      'gen_ai.usage.input_tokens': 125n,
      'gen_ai.usage.output_tokens': 40n,
      'gen_ai.usage.cache_read.input_tokens': 20n,
      'gen_ai.usage.cache_write.input_tokens': 5n,
      'gen_ai.usage.reasoning.output_tokens': 10n,
      'http.request.method': 'POST',
      'http.response.status_code': 200n,
      'server.address': 'api.openai.com',
      'server.port': 443n,
      'waygate.upstream': 'openai',
    });
  });

  test('the parameters of a call to Google are found where Google has them', async () => {
    const { tracer, spans } = bench();
    const { access } = chatCall();
    const generationConfig = { maxOutputTokens: 9, temperature: 0.25, topP: 0.5 };
    const call = chatCall({ dialect: 'gemini', access: { ...access, args: { model: 'gpt-5', generationConfig } } });
    const trace = tracer.begin(incoming());
    trace.attempt(call, 'openai').end({ status: 200 });
    trace.end(recordOf(call));
    expect(only(await spans(), CLIENT).attributes).toMatchObject({
      'gen_ai.operation.name': 'generate_content',
      'gen_ai.request.max_tokens': 9n,
      'gen_ai.request.temperature': 0.25,
      'gen_ai.request.top_p': 0.5,
    });
  });

  test('the names of v1.37 replace those that changed, where they are asked for', async () => {
    const { tracer, spans } = bench({ legacyNames: true });
    const trace = tracer.begin(incoming());
    trace.attempt(chatCall(), 'openai').end({ status: 200 });
    trace.end(recordOf(chatCall()));
    const { attributes } = only(await spans(), CLIENT);
    expect(attributes).toMatchObject({ 'gen_ai.system': 'openai', 'gen_ai.usage.cache_creation.input_tokens': 5n });
    expect(Object.keys(attributes)).not.toContain('gen_ai.provider.name');
    expect(Object.keys(attributes)).not.toContain('gen_ai.usage.cache_write.input_tokens');
  });

  test('a tool call follows the MCP conventions and links the span that `_meta` names', async () => {
    const { tracer, spans } = bench();
    const body = Buffer.from(`{"params":{"_meta":{"traceparent":"00-${TRACE}-${SPAN}-01"}}}`);
    const call = toolCall({ body });
    const trace = tracer.begin(incoming({ path: '/mcp/github' }));
    trace.attempt(call, 'github').end({ status: 200 });
    trace.end(recordOf(call, { metered: undefined }));
    const all = await spans();
    const server = only(all, SERVER);
    expect(server).toMatchObject({ name: 'tools/call create_issue', links: [{ traceId: TRACE, spanId: SPAN }] });
    expect(server.attributes).toMatchObject({
      'http.route': '/mcp/{route}',
      'mcp.method.name': 'tools/call',
      'gen_ai.tool.name': 'create_issue',
      'mcp.protocol.version': '2025-11-25',
    });
    const client = only(all, CLIENT);
    expect(client.name).toBe('tools/call create_issue');
    expect(client.attributes).toMatchObject({
      'mcp.method.name': 'tools/call',
      'gen_ai.tool.name': 'create_issue',
      'gen_ai.operation.name': 'execute_tool',
      'jsonrpc.request.id': 'req-7',
      'mcp.protocol.version': '2025-11-25',
    });
    expect(Object.keys(client.attributes).filter((name) => name.startsWith('gen_ai.usage'))).toEqual([]);
  });

  test.each(['tool_error', '-32602'])(
    'an answer in which the tool says %s is an error of its span',
    async (failure) => {
      const { tracer, spans } = bench();
      const call = toolCall();
      const trace = tracer.begin(incoming({ path: '/mcp/github' }));
      trace.attempt(call, 'github').end({ status: 200 });
      trace.end(recordOf(call, { metered: { ...METERED, failure } }));
      const all = await spans();
      expect(only(all, CLIENT)).toMatchObject({ status: { code: 2 }, attributes: { 'error.type': failure } });
      expect(Object.keys(only(all, SERVER).attributes)).not.toContain('error.type');
    },
  );

  test('each try has its span, and only the one that answered has the usage', async () => {
    const { tracer, pass, spans } = bench();
    const call = chatCall();
    const trace = tracer.begin(incoming());
    const first = trace.attempt(call, 'openai');
    pass(10);
    first.end({
      error: new GatewayError('upstream.unreachable', 'the upstream did not answer', {
        cause: Object.assign(new Error('connect 10.0.0.1'), { code: 'ECONNREFUSED' }),
      }),
    });
    first.end({ status: 200 });
    const second = trace.attempt(call, 'openai');
    pass(10);
    second.end({ status: 200 });
    trace.end(recordOf(call));
    const tries = (await spans()).filter((span) => span.kind === CLIENT);
    const failed = tries.find((span) => span.status.code === 2);
    expect(failed).toMatchObject({
      status: { message: 'the upstream did not answer (ECONNREFUSED)' },
      attributes: { 'error.type': 'upstream.unreachable' },
    });
    expect(failed!.endNanos - failed!.startNanos).toBe(10_000_000n);
    expect(Object.keys(failed!.attributes)).not.toContain('gen_ai.usage.input_tokens');
    expect(tries.find((span) => span.status.code === 0)?.attributes).toMatchObject({
      'http.request.resend_count': 1n,
      'gen_ai.usage.input_tokens': 125n,
    });
  });

  test('a list that is asked of several upstreams is no repetition', async () => {
    const { tracer, spans } = bench();
    const trace = tracer.begin(incoming());
    for (const upstream of ['openai', 'moonshot']) trace.attempt(chatCall(), upstream).end({ status: 200 });
    trace.end(recordOf(chatCall()));
    const tries = (await spans()).filter((span) => span.kind === CLIENT);
    expect(new Set(tries.map(({ attributes }) => attributes['waygate.upstream']))).toEqual(
      new Set(['openai', 'moonshot']),
    );
    for (const { attributes } of tries) expect(Object.keys(attributes)).not.toContain('http.request.resend_count');
  });

  test('an upstream’s error status makes its CLIENT span an error, a refusal of ours does not make the SERVER span one', async () => {
    const { tracer, spans } = bench();
    const call = chatCall();
    const trace = tracer.begin(incoming());
    trace.attempt(call, 'openai').end({ status: 429 });
    const error = new GatewayError('policy.denied', 'denied by `research/no`', { rule: 'research/no' });
    trace.end(recordOf(call, { status: 403, ending: 'refused', error, metered: undefined, permitted: false }));
    const all = await spans();
    expect(only(all, CLIENT)).toMatchObject({ status: { code: 2 }, attributes: { 'error.type': '429' } });
    expect(only(all, SERVER)).toMatchObject({
      status: { code: 0 },
      attributes: { 'waygate.error.code': 'policy.denied' },
    });
    expect(Object.keys(only(all, SERVER).attributes)).not.toContain('error.type');
  });

  test('a stream that broke is an error of both spans, though the status was 200', async () => {
    const { tracer, spans } = bench();
    const call = chatCall({ stream: true });
    const trace = tracer.begin(incoming());
    trace.attempt(call, 'openai').end({ status: 200 });
    trace.end(
      recordOf(call, { ending: 'broken', error: new GatewayError('upstream.broken', 'the upstream broke off') }),
    );
    for (const span of await spans())
      expect(span).toMatchObject({ status: { code: 2 }, attributes: { 'error.type': 'upstream.broken' } });
  });

  test('a request that no route takes still has its span, without a route', async () => {
    const { tracer, spans } = bench();
    const error = new GatewayError('route.unknown', 'no route');
    const ended = { status: 404, ending: 'refused', error, metered: undefined, permitted: false } as const;
    tracer.begin(incoming({ method: 'BREW', path: '/pot' })).end(
      recordOf(undefined, {
        ...ended,
        principal: undefined,
        decision: undefined,
        request: incoming({ method: 'BREW', path: '/pot', peer: undefined, headers: {} }),
      }),
    );
    expect(only(await spans(), SERVER)).toMatchObject({
      name: '_OTHER',
      attributes: {
        'http.request.method': '_OTHER',
        'http.response.status_code': 404n,
        'waygate.error.code': 'route.unknown',
      },
    });
  });

  test('a child run names its parent', async () => {
    const { tracer, spans } = bench();
    const { access } = chatCall();
    const run = childRun(rootRun('run_1'), 'run_2');
    tracer.begin(incoming()).end(recordOf(chatCall({ access: { ...access, run } })));
    expect(only(await spans(), SERVER).attributes).toMatchObject({
      'waygate.run.id': 'run_2',
      'waygate.run.parent': 'run_1',
      'waygate.run.depth': 1n,
    });
  });

  test('a call ends once, whoever says so again', async () => {
    const { tracer, metrics, spans } = bench();
    const trace = tracer.begin(incoming());
    expect(metrics.inFlight).toBe(1);
    trace.end(recordOf(chatCall()));
    trace.end(recordOf(chatCall()));
    expect(metrics.inFlight).toBe(0);
    expect(await spans()).toHaveLength(1);
  });

  test('a try that never ended ends with its call', async () => {
    const { tracer, pass, spans } = bench();
    const trace = tracer.begin(incoming());
    trace.attempt(chatCall(), 'openai');
    pass(7);
    trace.end(recordOf(chatCall(), { ending: 'aborted' }));
    const client = only(await spans(), CLIENT);
    expect(client.endNanos - client.startNanos).toBe(7_000_000n);
  });

  test('what is not sampled makes no span, tells upstreams so, and is still booked', async () => {
    const { tracer, metrics, spans } = bench({ sampleRatio: 0 });
    const trace = tracer.begin(incoming());
    const { headers } = trace.attempt(chatCall(), 'openai');
    trace.end(recordOf(chatCall()));
    expect(headers.traceparent).toMatch(new RegExp(`^00-${trace.traceId}-[0-9a-f]{16}-00$`));
    expect(metrics.inFlight).toBe(0);
    expect(await spans()).toEqual([]);
  });

  test('without a collector a caller’s context passes through as it came, and none is made up', () => {
    const { tracer } = bench({ exporter: undefined });
    const given = tracer.begin(incoming({ headers: { traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: 'a=1' } }));
    expect(given.attempt(chatCall(), 'openai').headers).toEqual({
      traceparent: `00-${TRACE}-${SPAN}-01`,
      tracestate: 'a=1',
    });
    expect(given.traceId).toBe(TRACE);
    const ours = tracer.begin(incoming());
    expect(ours.attempt(chatCall(), 'openai').headers).toEqual({});
    expect(ours.traceId).toMatch(/^[0-9a-f]{32}$/);
    ours.end(recordOf(chatCall()));
  });

  test('numbers that a provider or a client made up are not written as what they are not', async () => {
    const { tracer, spans } = bench();
    const { access } = chatCall();
    const call = chatCall({ access: { ...access, args: { max_tokens: -1, temperature: 'hot' } } });
    const trace = tracer.begin(incoming());
    trace.attempt(call, 'openai').end({ status: 200 });
    trace.end(recordOf(call, { metered: { ...METERED, usage: { ...METERED.usage, output: Infinity, input: 1.5 } } }));
    const names = Object.keys(only(await spans(), CLIENT).attributes);
    expect(names).not.toContain('gen_ai.request.max_tokens');
    expect(names).not.toContain('gen_ai.request.temperature');
    expect(names).not.toContain('gen_ai.usage.output_tokens');
    expect(names).not.toContain('gen_ai.usage.input_tokens');
  });
});
