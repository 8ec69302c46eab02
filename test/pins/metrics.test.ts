import { describe, test } from 'vitest';
import { CALL_METRICS, PROCESS_METRICS } from '../../src/telemetry/names.ts';
import { expectPinned } from './pinned.ts';

describe('metrics', () => {
  test('each keeps its name, kind and unit', () => {
    const rows = Object.entries({ ...CALL_METRICS, ...PROCESS_METRICS }).map(
      ([name, { kind, unit }]) => `${name} ${kind} ${unit}`,
    );
    expectPinned(rows, [
      'http.server.request.duration histogram s',
      'waygate.calls counter {call}',
      'waygate.decisions counter {decision}',
      'waygate.refusals counter {call}',
      'waygate.upstream.tries counter {try}',
      'waygate.cost.usd_micros counter {micro_usd}',
      'waygate.usage.estimated counter {call}',
      'gen_ai.client.inference.duration histogram s',
      'gen_ai.client.inference.time_to_first_chunk histogram s',
      'gen_ai.client.inference.usage.input_tokens counter {token}',
      'gen_ai.client.inference.usage.output_tokens counter {token}',
      'gen_ai.client.inference.usage.cache_read.input_tokens counter {token}',
      'gen_ai.client.inference.usage.cache_write.input_tokens counter {token}',
      'gen_ai.client.inference.usage.reasoning.output_tokens counter {token}',
      'gen_ai.client.inference.operation.input_tokens histogram {token}',
      'gen_ai.client.inference.operation.output_tokens histogram {token}',
      'gen_ai.client.operation.duration histogram s',
      'gen_ai.client.token.usage histogram {token}',
      'gen_ai.server.time_to_first_token histogram s',
      'mcp.client.operation.duration histogram s',
      'waygate.calls.in_flight gauge {call}',
      'waygate.store.errors counter {error}',
      'waygate.audit.failures counter {entry}',
      'waygate.refusals.remembered counter {call}',
      'waygate.limits.waiting gauge {call}',
      'waygate.limits.wait.duration histogram s',
      'waygate.overload.refusals counter {refusal}',
      'waygate.limits.bypassed counter {call}',
      'waygate.fail_modes counter {call}',
      'waygate.upstream.health gauge 1',
      'waygate.upstream.retries counter {try}',
      'waygate.upstream.fallbacks counter {call}',
      'waygate.upstream.circuits counter {change}',
      'waygate.config.reloads counter {reload}',
      'waygate.config.current gauge 1',
      'waygate.certificate.end gauge s',
      'waygate.telemetry.dropped counter {span}',
    ]);
  });
});
