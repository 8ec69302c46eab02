import type { Meter, ObservableResult } from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import type { Resource } from '@opentelemetry/resources';
import { type IMetricReader, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import type { FailMode } from './fail-modes.ts';
import { PROCESS_METRICS, type ProcessMetricName } from './names.ts';
import type { Series } from './series.ts';

/** What the parts of the process report of themselves. Labels are words of the code, never of a request. */
export interface Metrics {
  storeFailed(operation: string): void;
  auditFailed(entry: string): void;
  limitsBypassed(reason: string): void;
  /** Something was gone, and this was done about it. */
  failModeTaken(mode: FailMode): void;
  refusalRemembered(code: string): void;
  waited(wait: { readonly ms: number; readonly limit: string; readonly outcome: string }): void;
  /** What was not taken because the gateway was full. */
  overloaded(reason: string): void;
  /** Whether the files read last are now in force. */
  configReloaded(outcome: 'applied' | 'rejected'): void;
  /** When the certificate that a listener shows from now on ends, in milliseconds since 1970. */
  certificateShown(listener: string, endsMs: number): void;
  spansDropped(spans: number): void;
  upstreamRetried(upstream: string, outcome: 'granted' | 'over-budget'): void;
  /** A call went on from one upstream to another. */
  upstreamLeft(from: string, to: string): void;
  circuitChanged(upstream: string, state: 'open' | 'closed'): void;
}

export interface MetricsSource {
  readonly resource: Resource;
  readonly series: Series;
  readonly scope: { readonly name: string; readonly version: string };
  readonly inFlight: () => number;
  /** How the upstreams are now, by name. */
  readonly upstreamHealth: () => ReadonlyMap<string, keyof typeof HEALTH>;
  /** Calls that wait for room in a limit. */
  readonly waiting: () => number;
  /** Undefined where there is no collector: then `/metrics` is the only way out. */
  readonly otlp: OtlpMetrics | undefined;
}

const HEALTH = { ok: 1, degraded: 0.5, down: 0 } as const;

export interface OtlpMetrics {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly everyMs: number;
}

export interface MetricsExport {
  readonly metrics: Metrics;
  /** All metrics in Prometheus' text format. */
  readonly prometheusText: () => Promise<string>;
  close(withinMs: number): Promise<void>;
}

export function openMetrics(source: MetricsSource): MetricsExport {
  const producers = { metricProducers: [source.series] };
  const scraped = new PrometheusExporter({ preventServerStart: true, ...producers });
  const readers: IMetricReader[] = [scraped];
  if (source.otlp) readers.push(pushed(source.otlp, producers));
  const provider = new MeterProvider({ resource: source.resource, readers });
  const serializer = new PrometheusSerializer('', false, undefined, false, true);
  return {
    metrics: processMetrics(provider.getMeter(source.scope.name, source.scope.version), source),
    async prometheusText() {
      const { resourceMetrics } = await scraped.collect();
      return serializer.serialize(resourceMetrics);
    },
    async close(withinMs) {
      // A collector that is down must not hold up the end of the process.
      await provider.shutdown({ timeoutMillis: withinMs }).catch(() => {});
    },
  };
}

function pushed(otlp: OtlpMetrics, producers: { readonly metricProducers: Series[] }): PeriodicExportingMetricReader {
  const { url, headers, timeoutMs, everyMs } = otlp;
  return new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter({ url, headers: { ...headers }, timeoutMillis: Math.min(timeoutMs, everyMs) }),
    exportIntervalMillis: everyMs,
    exportTimeoutMillis: Math.min(timeoutMs, everyMs),
    ...producers,
  });
}

function processMetrics(
  meter: Meter,
  { inFlight, upstreamHealth, waiting }: Pick<MetricsSource, 'inFlight' | 'upstreamHealth' | 'waiting'>,
): Metrics {
  const counter = (name: ProcessMetricName) => meter.createCounter(name, PROCESS_METRICS[name]);
  const gauge = (name: ProcessMetricName, read: () => number): void =>
    meter
      .createObservableGauge(name, PROCESS_METRICS[name])
      .addCallback((result: ObservableResult) => result.observe(read()));
  const stores = counter('waygate.store.errors');
  const audits = counter('waygate.audit.failures');
  const bypasses = counter('waygate.limits.bypassed');
  const failModes = counter('waygate.fail_modes');
  const remembered = counter('waygate.refusals.remembered');
  const waits = meter.createHistogram('waygate.limits.wait.duration', {
    ...PROCESS_METRICS['waygate.limits.wait.duration'],
    advice: { explicitBucketBoundaries: [...PROCESS_METRICS['waygate.limits.wait.duration'].boundaries] },
  });
  const overloads = counter('waygate.overload.refusals');
  const reloads = counter('waygate.config.reloads');
  const drops = counter('waygate.telemetry.dropped');
  const retries = counter('waygate.upstream.retries');
  const fallbacks = counter('waygate.upstream.fallbacks');
  const circuits = counter('waygate.upstream.circuits');
  meter
    .createObservableGauge('waygate.upstream.health', PROCESS_METRICS['waygate.upstream.health'])
    .addCallback((result) => {
      for (const [name, state] of upstreamHealth()) result.observe(HEALTH[state], { 'waygate.upstream': name });
    });
  let current = 1;
  gauge('waygate.calls.in_flight', inFlight);
  gauge('waygate.limits.waiting', waiting);
  gauge('waygate.config.current', () => current);
  const ends = new Map<string, number>();
  meter
    .createObservableGauge('waygate.certificate.end', PROCESS_METRICS['waygate.certificate.end'])
    .addCallback((result) => {
      for (const [listener, endsMs] of ends) result.observe(endsMs / 1_000, { 'waygate.listener': listener });
    });
  // A counter that has never counted is not there: alerts need its zero.
  drops.add(0);
  return {
    storeFailed: (operation) => stores.add(1, { 'waygate.operation': operation }),
    auditFailed: (entry) => audits.add(1, { 'waygate.audit.entry': entry }),
    limitsBypassed: (reason) => bypasses.add(1, { 'waygate.reason': reason }),
    failModeTaken: ({ dependency, mode, cause, route }) =>
      failModes.add(1, {
        'waygate.dependency': dependency,
        'waygate.fail_mode': mode,
        'waygate.cause': cause,
        ...(route !== undefined && { 'waygate.route': route }),
      }),
    refusalRemembered: (code) => remembered.add(1, { 'waygate.error.code': code }),
    waited: ({ ms, limit, outcome }) =>
      waits.record(ms / 1_000, { 'waygate.limit': limit, 'waygate.outcome': outcome }),
    overloaded: (reason) => overloads.add(1, { 'waygate.reason': reason }),
    configReloaded(outcome) {
      current = outcome === 'applied' ? 1 : 0;
      reloads.add(1, { 'waygate.outcome': outcome });
    },
    certificateShown: (listener, endsMs) => void ends.set(listener, endsMs),
    spansDropped: (spans) => drops.add(spans),
    upstreamRetried: (upstream, outcome) =>
      retries.add(1, { 'waygate.upstream': upstream, 'waygate.outcome': outcome }),
    upstreamLeft: (from, to) => fallbacks.add(1, { 'waygate.upstream': from, 'waygate.upstream.next': to }),
    circuitChanged: (upstream, state) =>
      circuits.add(1, { 'waygate.upstream': upstream, 'waygate.circuit.state': state }),
  };
}
