// Beside the way: spans, metrics and logs. The only folder that knows OpenTelemetry.
// INVARIANT: nothing here holds up a call or grows without bound; what cannot be sent is dropped and counted.
// INVARIANT: no content and no credential leaves in a span, a metric or a log line.
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import { ATTR_SERVICE_INSTANCE_ID, ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from '@opentelemetry/semantic-conventions';
import type { Tracer } from '../core/trace.ts';
import { callMetrics } from './call-metrics.ts';
import type { Destination } from './client-span.ts';
import { SpanExporter } from './exporter.ts';
import { type Log, openLog, standardStream } from './log.ts';
import { type Metrics, type MetricsSource, openMetrics } from './metrics.ts';
import { envelope } from './otlp-encode.ts';
import { collector } from './otlp-post.ts';
import { type Redactor, redactor, remembering } from './redact.ts';
import type { TelemetryConfig } from './schema.ts';
import { Series } from './series.ts';
import { tracer } from './tracer.ts';

export interface TelemetryOptions {
  readonly config: TelemetryConfig;
  /** Values of `config.otlp.headers`, resolved. */
  readonly otlpHeaders: Readonly<Record<string, string>>;
  readonly version: string;
  /** Unique to this process. */
  readonly instance: string;
  /** Every secret that is known at start; later ones are told to `redactor.learn`. */
  readonly secrets: readonly string[];
  /** What is known of an upstream, by its name, in the configuration in force. */
  readonly destination: (upstream: string) => Destination | undefined;
  /** How the upstreams are now, by name. */
  readonly upstreamHealth: MetricsSource['upstreamHealth'];
  /** Calls that wait for room in a limit. */
  readonly waiting: () => number;
  /** Where log lines go; standard error unless set. */
  readonly write?: (line: string) => void;
  readonly intervals?: { readonly flushMs?: number; readonly retryMs?: number; readonly metricsMs?: number };
}

export interface Telemetry {
  readonly tracer: Tracer;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly redactor: Redactor;
  /** All metrics in Prometheus' text format. */
  readonly prometheusText: () => Promise<string>;
  /** Sends what is left, within two seconds, whatever the collector does. */
  shutdown(): Promise<void>;
}

const SCOPE = 'waygate';
const SHUTDOWN_MS = 2_000;
const METRICS_MS = 10_000;

export function startTelemetry(options: TelemetryOptions): Telemetry {
  const { config, destination, intervals } = options;
  const scope = { name: SCOPE, version: options.version };
  const resource = defaultResource().merge(
    resourceFromAttributes({
      [ATTR_SERVICE_NAME]: config.serviceName,
      [ATTR_SERVICE_VERSION]: options.version,
      [ATTR_SERVICE_INSTANCE_ID]: options.instance,
    }),
  );
  const redact = redactor([...options.secrets, ...Object.values(options.otlpHeaders)]);
  const log = openLog({
    level: config.logLevel,
    service: config.serviceName,
    redactor: redact,
    write: options.write ?? standardStream(2),
  });
  const series = new Series(scope);
  const calls = callMetrics({ series, genai: config.genai, destination });
  const otlp = config.otlp && {
    headers: options.otlpHeaders,
    timeoutMs: config.otlp.timeoutMs,
    endpoint: config.otlp.endpoint,
  };
  const exported = openMetrics({
    resource,
    series,
    scope,
    inFlight: () => calls.inFlight,
    upstreamHealth: options.upstreamHealth,
    waiting: options.waiting,
    otlp: otlp && { ...otlp, url: `${otlp.endpoint}/v1/metrics`, everyMs: intervals?.metricsMs ?? METRICS_MS },
  });
  const exporter =
    otlp &&
    new SpanExporter({
      envelope: envelope(resource, scope),
      collector: collector({ ...otlp, url: new URL(`${otlp.endpoint}/v1/traces`) }),
      onDrop: dropReport(exported.metrics, log),
      ...intervals,
    });
  return {
    tracer: tracer({
      sampleRatio: config.sampleRatio,
      exporter,
      metrics: calls,
      destination,
      legacyNames: config.genai === 'legacy',
      mask: remembering(redact.mask),
      monotonicMs: () => performance.now(),
    }),
    metrics: exported.metrics,
    log,
    redactor: redact,
    prometheusText: exported.prometheusText,
    async shutdown() {
      await Promise.all([exporter?.close(SHUTDOWN_MS), exported.close(SHUTDOWN_MS)]);
    },
  };
}

const DROP_WARNING_MS = 60_000;

// Every drop is counted, but the log hears of it once a minute: a collector that is down must not fill it.
function dropReport(metrics: Metrics, log: Log): (spans: number, reason: string) => void {
  let quietUntil = -Infinity;
  return (spans, reason) => {
    metrics.spansDropped(spans);
    const now = performance.now();
    if (now < quietUntil) return;
    quietUntil = now + DROP_WARNING_MS;
    log.warn('spans are being dropped', { spans, reason });
  };
}
