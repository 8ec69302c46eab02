// Every metric's name, unit and meaning. Dashboards and alerts rely on them (test/pins/metrics.test.ts).
// `gen_ai.*` and `mcp.*` follow the GenAI conventions v0.1.0 (status: development); the rows marked legacy are what v1.37 called them.

/** Seconds; the boundaries that the HTTP conventions advise, and further ones for answers that take minutes. */
const REQUEST_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60, 300, 900];
/** Seconds; the boundaries that the GenAI conventions advise. */
const MODEL_SECONDS = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
const FIRST_SECONDS = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const WAIT_SECONDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300];
const TOKENS = [1, 4, 16, 64, 256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864];

interface CounterRow {
  readonly kind: 'counter';
  readonly unit: string;
  readonly description: string;
}

interface HistogramRow {
  readonly kind: 'histogram';
  readonly unit: string;
  readonly description: string;
  readonly boundaries: readonly number[];
}

interface GaugeRow {
  readonly kind: 'gauge';
  readonly unit: string;
  readonly description: string;
}

const counter = (unit: string, description: string): CounterRow => ({ kind: 'counter', unit, description });
const gauge = (unit: string, description: string): GaugeRow => ({ kind: 'gauge', unit, description });
const histogram = (boundaries: readonly number[], description: string): HistogramRow => ({
  kind: 'histogram',
  unit: boundaries === TOKENS ? '{token}' : 's',
  description,
  boundaries,
});

/** Booked at the end of every call, from its record. */
export const CALL_METRICS = {
  'http.server.request.duration': histogram(REQUEST_SECONDS, 'From the request to the end of its answer'),
  'waygate.calls': counter('{call}', 'Calls that ended, by how they ended'),
  'waygate.decisions': counter('{decision}', 'Decisions, enforced and in shadow mode'),
  'waygate.refusals': counter('{call}', 'Calls that ended in an error of ours, by code and who has to act'),
  'waygate.upstream.tries': counter('{try}', 'Tries at upstreams, by what came of them'),
  'waygate.cost.usd_micros': counter('{micro_usd}', 'What calls cost, in millionths of a US dollar'),
  'waygate.usage.estimated': counter('{call}', 'Calls whose usage the provider did not state'),
  'gen_ai.client.inference.duration': histogram(MODEL_SECONDS, 'From a model call to the end of its answer'),
  'gen_ai.client.inference.time_to_first_chunk': histogram(
    FIRST_SECONDS,
    'From a streamed model call to its first bytes',
  ),
  'gen_ai.client.inference.usage.input_tokens': counter('{token}', 'Input tokens, cached ones included'),
  'gen_ai.client.inference.usage.output_tokens': counter('{token}', 'Output tokens, reasoning included'),
  'gen_ai.client.inference.usage.cache_read.input_tokens': counter('{token}', 'Input tokens read from a cache'),
  'gen_ai.client.inference.usage.cache_write.input_tokens': counter('{token}', 'Input tokens written to a cache'),
  'gen_ai.client.inference.usage.reasoning.output_tokens': counter('{token}', 'Output tokens spent on reasoning'),
  'gen_ai.client.inference.operation.input_tokens': histogram(TOKENS, 'Input tokens of one model call'),
  'gen_ai.client.inference.operation.output_tokens': histogram(TOKENS, 'Output tokens of one model call'),
  // Legacy
  'gen_ai.client.operation.duration': histogram(MODEL_SECONDS, 'From a model call to the end of its answer'),
  'gen_ai.client.token.usage': histogram(TOKENS, 'Tokens of one model call, by type'),
  'gen_ai.server.time_to_first_token': histogram(FIRST_SECONDS, 'From a streamed model call to its first bytes'),
  'mcp.client.operation.duration': histogram(MODEL_SECONDS, 'From an MCP request to the end of its answer'),
} as const satisfies Record<string, CounterRow | HistogramRow>;

/** Everything that happens rarely, or is looked at when somebody asks. */
export const PROCESS_METRICS = {
  'waygate.calls.in_flight': gauge('{call}', 'Calls that have begun and not ended'),
  'waygate.store.errors': counter('{error}', 'Operations on the store that failed'),
  'waygate.audit.failures': counter('{entry}', 'Audit entries that could not be written, by kind'),
  'waygate.refusals.remembered': counter(
    '{call}',
    'Calls refused as the same request was before, asking nobody, by code',
  ),
  'waygate.limits.waiting': gauge('{call}', 'Calls that wait for room in a limit'),
  'waygate.limits.wait.duration': histogram(
    WAIT_SECONDS,
    'How long calls waited for room, by the limit they waited for first and how it ended',
  ),
  'waygate.overload.refusals': counter('{refusal}', 'Calls and connections that were not taken, by what was full'),
  'waygate.limits.bypassed': counter('{call}', 'Calls let through while the store was gone, by action'),
  'waygate.fail_modes': counter(
    '{call}',
    'What was refused or let through because something was gone, by what was gone, what was done, and why',
  ),
  'waygate.upstream.health': gauge(
    '1',
    '1 where an upstream is well, 0.5 where it is degraded, 0 while it is left alone',
  ),
  'waygate.upstream.retries': counter('{try}', 'Further tries, and those that the budget for them did not grant'),
  'waygate.upstream.fallbacks': counter('{call}', 'Calls that went on to another upstream'),
  'waygate.upstream.circuits': counter('{change}', 'Circuits that opened or closed'),
  'waygate.config.reloads': counter('{reload}', 'Reloads of configuration and policies, by outcome'),
  'waygate.config.current': gauge('1', '1 where the files are what is in force, 0 where the last good ones are'),
  'waygate.certificate.end': gauge('s', 'When the certificate of a listener ends, in seconds since 1970'),
  'waygate.telemetry.dropped': counter('{span}', 'Spans that never reached the collector'),
} as const satisfies Record<string, CounterRow | GaugeRow | HistogramRow>;

export type CallMetricName = keyof typeof CALL_METRICS;
export type ProcessMetricName = keyof typeof PROCESS_METRICS;
