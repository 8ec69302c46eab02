import { emptyResource } from '@opentelemetry/resources';
import { describe, expect, test } from 'vitest';
import { GatewayError } from '../../src/core/errors.ts';
import { type CallMetrics, callMetrics } from '../../src/telemetry/call-metrics.ts';
import { openMetrics, type MetricsExport } from '../../src/telemetry/metrics.ts';
import { CALL_METRICS, PROCESS_METRICS } from '../../src/telemetry/names.ts';
import { Series } from '../../src/telemetry/series.ts';
import { chatCall, incoming, METERED, OPENAI, PERMIT, recordOf, toolCall } from './calls.ts';

interface Bench extends MetricsExport {
  readonly calls: CallMetrics;
  /** The value of the only series of that name whose labels include `labels`; undefined where there is none. */
  readonly value: (name: string, labels?: readonly string[]) => Promise<number | undefined>;
}

function bench(genai: 'latest' | 'legacy' | 'both' = 'both'): Bench {
  const scope = { name: 'waygate', version: '0' };
  const series = new Series(scope);
  const calls = callMetrics({ series, genai, destination: () => OPENAI });
  const opened = openMetrics({
    resource: emptyResource(),
    series,
    scope,
    inFlight: () => calls.inFlight,
    upstreamHealth: () => new Map([['openai', 'ok']] as const),
    waiting: () => 3,
    otlp: undefined,
  });
  return {
    ...opened,
    calls,
    async value(name, labels = []) {
      const lines = (await opened.prometheusText()).split('\n');
      const found = lines.filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
      const [line, ...more] = found.filter((candidate) => labels.every((label) => candidate.includes(label)));
      expect(more).toEqual([]);
      return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ') + 1));
    },
  };
}

describe('metrics of calls', () => {
  test('calls about objects are booked under the template of their path, whatever their ids', async () => {
    const { calls, value } = bench();
    const { access } = chatCall();
    for (const name of ['files', 'files/file-1', 'files/file-2', 'files/file-1/content']) {
      const resource = { kind: 'object', upstream: 'openai', name } as const;
      const call = chatCall({
        dialect: 'openai-objects',
        model: '',
        access: { ...access, action: 'object.read', resource },
      });
      calls.began();
      calls.ended(recordOf(call), 1);
    }
    const counted = (route: string) => value('http_server_request_duration_count', [`http_route="${route}"`]);
    expect(await counted('/v1/files')).toBe(1);
    expect(await counted('/v1/files/{id}')).toBe(2);
    expect(await counted('/v1/files/{id}/content')).toBe(1);
  });

  test('a model call is booked under route, model and status, in both editions of the GenAI names', async () => {
    const { calls, value } = bench();
    calls.began();
    calls.tried('openai', { status: 200, error: undefined });
    calls.ended(recordOf(chatCall({ stream: true })), 0.25);
    expect(
      await value('http_server_request_duration_sum', [
        'http_route="/v1/chat/completions"',
        'http_response_status_code="200"',
      ]),
    ).toBe(0.25);
    expect(
      await value('waygate_calls_total', [
        'waygate_route="openai"',
        'waygate_action="model.generate"',
        'waygate_ending="complete"',
      ]),
    ).toBe(1);
    expect(await value('waygate_decisions_total', ['waygate_decision="permit"', 'waygate_policy_mode="enforce"'])).toBe(
      1,
    );
    expect(await value('waygate_cost_usd_micros_total', ['gen_ai_request_model="gpt-5"'])).toBe(1_234);
    expect(await value('waygate_upstream_tries_total', ['waygate_outcome="2xx"'])).toBe(1);
    expect(
      await value('gen_ai_client_inference_duration_sum', [
        'gen_ai_provider_name="openai"',
        'server_address="api.openai.com"',
      ]),
    ).toBe(0.25);
    expect(await value('gen_ai_client_inference_time_to_first_chunk_sum')).toBe(0.08);
    expect(await value('gen_ai_client_inference_usage_input_tokens_total')).toBe(125);
    expect(await value('gen_ai_client_inference_usage_cache_read_input_tokens_total')).toBe(20);
    expect(await value('gen_ai_client_inference_usage_cache_write_input_tokens_total')).toBe(5);
    expect(await value('gen_ai_client_inference_usage_reasoning_output_tokens_total')).toBe(10);
    expect(await value('gen_ai_client_inference_operation_output_tokens_sum')).toBe(40);
    expect(await value('gen_ai_client_operation_duration_sum', ['gen_ai_system="openai"'])).toBe(0.25);
    expect(await value('gen_ai_client_token_usage_sum', ['gen_ai_token_type="output"'])).toBe(40);
    expect(await value('gen_ai_server_time_to_first_token_sum')).toBe(0.08);
  });

  test.each([
    ['latest', 'gen_ai_client_operation_duration_count', 'gen_ai_client_inference_duration_count'],
    ['legacy', 'gen_ai_client_inference_duration_count', 'gen_ai_client_operation_duration_count'],
  ] as const)('only the %s names appear where only they are asked for', async (genai, absent, present) => {
    const { calls, value } = bench(genai);
    calls.ended(recordOf(chatCall()), 1);
    expect(await value(absent)).toBeUndefined();
    expect(await value(present)).toBe(1);
  });

  test('a tool call is an MCP operation, and no model call', async () => {
    const { calls, value } = bench();
    calls.ended(recordOf(toolCall(), { metered: undefined }), 0.5);
    expect(await value('mcp_client_operation_duration_sum', ['mcp_method_name="tools/call"'])).toBe(0.5);
    expect(await value('gen_ai_client_inference_duration_count')).toBeUndefined();
    expect(await value('waygate_cost_usd_micros_total')).toBeUndefined();
  });

  test.each([
    ['tool_error', 'tool_error'],
    ['-32602', '-32602'],
    ['1234567', '_OTHER'],
  ])('a tool that fails with %s is counted as %s', async (failure, label) => {
    const { calls, value } = bench();
    calls.ended(recordOf(toolCall(), { metered: { ...METERED, failure } }), 0.5);
    calls.ended(recordOf(toolCall()), 1);
    expect(await value('mcp_client_operation_duration_sum', [`error_type="${label}"`])).toBe(0.5);
  });

  test('a refusal is counted by code and blame, and is no work of an upstream', async () => {
    const { calls, value } = bench();
    const error = new GatewayError('limit.budget', 'the budget is used up');
    calls.ended(
      recordOf(chatCall(), { status: 402, ending: 'refused', error, metered: undefined, permitted: false }),
      0.01,
    );
    expect(
      await value('waygate_refusals_total', ['waygate_error_code="limit.budget"', 'waygate_error_blame="limit"']),
    ).toBe(1);
    expect(await value('gen_ai_client_inference_duration_count')).toBeUndefined();
    expect(await value('http_server_request_duration_count', ['http_response_status_code="402"'])).toBe(1);
  });

  test('shadow decisions are counted beside the enforced one', async () => {
    const { calls, value } = bench();
    const decision = { ...PERMIT, shadow: { effect: 'deny', rules: ['next/no'], reason: 'x' } } as const;
    calls.ended(recordOf(chatCall(), { decision }), 1);
    expect(await value('waygate_decisions_total', ['waygate_decision="deny"', 'waygate_policy_mode="shadow"'])).toBe(1);
    expect(await value('waygate_decisions_total', ['waygate_decision="permit"', 'waygate_policy_mode="enforce"'])).toBe(
      1,
    );
  });

  test('an estimated usage is counted as such', async () => {
    const { calls, value } = bench();
    calls.ended(recordOf(chatCall(), { metered: { ...METERED, estimated: true } }), 1);
    calls.ended(recordOf(chatCall()), 1);
    expect(await value('waygate_usage_estimated_total')).toBe(1);
    expect(await value('waygate_cost_usd_micros_total')).toBe(2_468);
  });

  test('a failed try is counted by its code', async () => {
    const { calls, value } = bench();
    const error = new GatewayError('upstream.timeout', 'no answer');
    calls.tried('openai', { status: undefined, error });
    calls.tried('openai', { status: undefined, error });
    expect(await value('waygate_upstream_tries_total', ['waygate_outcome="upstream.timeout"'])).toBe(2);
  });

  test('what a client makes up never becomes a label', async () => {
    const { calls, prometheusText } = bench();
    const error = new GatewayError('policy.denied', 'denied');
    const refused = { status: 403, ending: 'refused', error, metered: undefined, permitted: false } as const;
    for (let index = 0; index < 50; index += 1) {
      const name = `made-up-${index}`;
      const { access } = chatCall();
      calls.ended(
        recordOf(chatCall({ model: name, access: { ...access, resource: { ...access.resource, name } } }), refused),
        1,
      );
      calls.ended(recordOf(toolCall({ rpc: { id: '1', method: name, revision: undefined } })), 1);
      const request = incoming({ method: name.toUpperCase(), path: `/${name}` });
      calls.ended(recordOf(undefined, { ...refused, request, status: 404 }), 1);
    }
    expect(await prometheusText()).not.toMatch(/made-up/i);
  });

  test('calls in flight go up and down', async () => {
    const { calls, value } = bench();
    calls.began();
    calls.began();
    expect(await value('waygate_calls_in_flight')).toBe(2);
    calls.ended(recordOf(chatCall()), 1);
    expect(await value('waygate_calls_in_flight')).toBe(1);
  });
});

describe('metrics of the process', () => {
  test('faults of the store, the audit and the configuration are counted, and drops from zero', async () => {
    const { metrics, value } = bench();
    expect(await value('waygate_telemetry_dropped_total')).toBe(0);
    expect(await value('waygate_config_current')).toBe(1);
    metrics.storeFailed('admit');
    metrics.auditFailed('permit');
    metrics.limitsBypassed('list');
    metrics.waited({ ms: 1_500, limit: 'research/pace', outcome: 'admitted' });
    metrics.spansDropped(7);
    metrics.configReloaded('rejected');
    expect(await value('waygate_store_errors_total', ['waygate_operation="admit"'])).toBe(1);
    expect(await value('waygate_audit_failures_total', ['waygate_audit_entry="permit"'])).toBe(1);
    expect(await value('waygate_limits_bypassed_total', ['waygate_reason="list"'])).toBe(1);
    expect(await value('waygate_telemetry_dropped_total')).toBe(7);
    expect(await value('waygate_config_current')).toBe(0);
    expect(await value('waygate_limits_waiting')).toBe(3);
    const labels = ['waygate_limit="research/pace"', 'waygate_outcome="admitted"'];
    expect(await value('waygate_limits_wait_duration_sum', labels)).toBe(1.5);
    expect(await value('waygate_limits_wait_duration_bucket', [...labels, 'le="300"'])).toBe(1);
    metrics.configReloaded('applied');
    expect(await value('waygate_config_current')).toBe(1);
    expect(await value('waygate_config_reloads_total', ['waygate_outcome="rejected"'])).toBe(1);
  });

  test('how the upstreams are, and what is done about it, is told by upstream', async () => {
    const { metrics, value } = bench();
    expect(await value('waygate_upstream_health', ['waygate_upstream="openai"'])).toBe(1);
    metrics.upstreamRetried('openai', 'granted');
    metrics.upstreamRetried('openai', 'over-budget');
    metrics.upstreamLeft('openai', 'backup');
    metrics.circuitChanged('openai', 'open');
    const own = 'waygate_upstream="openai"';
    expect(await value('waygate_upstream_retries_total', [own, 'waygate_outcome="granted"'])).toBe(1);
    expect(await value('waygate_upstream_retries_total', [own, 'waygate_outcome="over-budget"'])).toBe(1);
    expect(await value('waygate_upstream_fallbacks_total', [own, 'waygate_upstream_next="backup"'])).toBe(1);
    expect(await value('waygate_upstream_circuits_total', [own, 'waygate_circuit_state="open"'])).toBe(1);
  });

  test('no name is given to two metrics, and each has a unit and a meaning', () => {
    const rows = [...Object.entries(CALL_METRICS), ...Object.entries(PROCESS_METRICS)];
    expect(new Set(rows.map(([name]) => name)).size).toBe(rows.length);
    for (const [name, row] of rows) {
      expect(name).toMatch(/^[a-z][a-z0-9_.]*$/);
      expect(row.unit).not.toBe('');
      expect(row.description).not.toBe('');
    }
  });
});
