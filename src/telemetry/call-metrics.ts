import type { Attributes } from '@opentelemetry/api';
import type { Call } from '../core/call.ts';
import { toGatewayError } from '../core/errors.ts';
import type { CallRecord } from '../core/record.ts';
import type { Metered } from '../core/usage.ts';
import type { HistogramCell, SumCell } from './cells.ts';
import type { Destination } from './client-span.ts';
import { type ModelCells, modelCells, recordModel } from './model-metrics.ts';
import { KeyTree } from './key-tree.ts';
import { httpMethod, mcpMethod, routeTemplate } from './operation.ts';
import type { Series } from './series.ts';

/** Books calls. Labels come from configuration and closed lists, never from a client's own words. */
export interface CallMetrics {
  readonly inFlight: number;
  began(): void;
  tried(upstream: string, result: { readonly status: number | undefined; readonly error: unknown }): void;
  /** `seconds` is what the whole call took. */
  ended(record: CallRecord, seconds: number): void;
}

export interface CallMetricsSource {
  readonly series: Series;
  readonly genai: 'latest' | 'legacy' | 'both';
  readonly destination: (upstream: string) => Destination | undefined;
}

/** The cells that calls of one kind book in. */
interface CallCells {
  readonly duration: HistogramCell;
  readonly calls: SumCell;
  readonly refusals: SumCell | undefined;
  readonly decisions: SumCell | undefined;
  readonly shadow: SumCell | undefined;
  readonly cost: SumCell | undefined;
  readonly estimated: SumCell | undefined;
  readonly model: ModelCells | undefined;
  readonly tool: HistogramCell | undefined;
}

/** Kinds of calls whose cells are kept at hand; past it they are looked up anew. */
const KINDS_MAX = 4_096;

export function callMetrics(source: CallMetricsSource): CallMetrics {
  const kinds = new KeyTree<CallCells>(KINDS_MAX);
  const tries = new KeyTree<SumCell>(KINDS_MAX);
  let inFlight = 0;
  return {
    get inFlight() {
      return inFlight;
    },
    began: () => void (inFlight += 1),
    tried(upstream, { status, error }) {
      const outcome = error === undefined ? `${Math.floor((status ?? 0) / 100)}xx` : toGatewayError(error).code;
      const cell = tries.find([upstream, outcome], () =>
        source.series.counter('waygate.upstream.tries', {
          'waygate.upstream': upstream,
          'waygate.outcome': outcome,
        }),
      );
      cell.add(1);
    },
    ended(record, seconds) {
      inFlight -= 1;
      book(
        kinds.find(kindOf(record), () => callCells(source, record)),
        record,
        seconds,
      );
    },
  };
}

// Everything that a label is made of; see `callCells`.
function kindOf({
  request,
  call,
  decision,
  status,
  ending,
  error,
  metered,
  permitted,
}: CallRecord): readonly unknown[] {
  const { effect, shadow } = decision ?? {};
  const told = [request.method, status, ending, error?.code, effect, shadow?.effect, permitted, metered?.estimated];
  if (!call) return told;
  told.push(failureOf(metered));
  const { action, resource } = call.access;
  const model = permitted ? call.model : resource.name === '';
  const about = resource.kind === 'object' ? routeTemplate(call) : model;
  told.push(call.route.name, call.dialect, action, resource.upstream, call.stream, about, call.rpc?.method);
  return told;
}

function callCells(source: CallMetricsSource, record: CallRecord): CallCells {
  const { series } = source;
  const { call, decision, error, ending, metered, permitted } = record;
  const labels = call ? callLabels(call) : {};
  const upstream = call?.access.resource.upstream ?? '';
  return {
    duration: series.histogram('http.server.request.duration', httpLabels(record)),
    calls: series.counter('waygate.calls', { ...labels, 'waygate.ending': ending }),
    refusals:
      error &&
      series.counter('waygate.refusals', {
        ...labels,
        'waygate.error.code': error.code,
        'waygate.error.blame': error.blame,
      }),
    decisions: decision && series.counter('waygate.decisions', decisionLabels(labels, decision.effect, 'enforce')),
    shadow:
      decision?.shadow && series.counter('waygate.decisions', decisionLabels(labels, decision.shadow.effect, 'shadow')),
    cost:
      metered && call && series.counter('waygate.cost.usd_micros', { ...labels, 'gen_ai.request.model': call.model }),
    estimated: metered?.estimated ? series.counter('waygate.usage.estimated', labels) : undefined,
    model:
      call && permitted && isInference(call)
        ? modelCells(source, { call, destination: source.destination(upstream), error })
        : undefined,
    tool:
      call?.rpc && permitted
        ? series.histogram(
            'mcp.client.operation.duration',
            toolLabels(call.rpc.method, error?.code ?? failureOf(metered)),
          )
        : undefined,
  };
}

function isInference({ access }: Call): boolean {
  return access.action === 'model.generate' || access.action === 'model.embed';
}

function callLabels(call: Call): Attributes {
  const { action, resource } = call.access;
  return {
    'waygate.route': call.route.name,
    'waygate.dialect': call.dialect,
    'waygate.action': action,
    'waygate.upstream': resource.upstream,
  };
}

function decisionLabels(labels: Attributes, effect: string, mode: 'enforce' | 'shadow'): Attributes {
  return { ...labels, 'waygate.decision': effect, 'waygate.policy.mode': mode };
}

function httpLabels({ request, call, status, error }: CallRecord): Attributes {
  return {
    'http.request.method': httpMethod(request.method),
    'http.response.status_code': status,
    ...(call && { 'http.route': routeTemplate(call), 'waygate.route': call.route.name }),
    ...(error && status >= 500 && { 'error.type': error.code }),
  };
}

// Servers choose the codes of their errors; those of JSON-RPC itself are few.
function failureOf(metered: Metered | undefined): string | undefined {
  const { failure } = metered ?? {};
  return failure === undefined || failure === 'tool_error' || /^-32\d{3}$/.test(failure) ? failure : '_OTHER';
}

function toolLabels(method: string, code: string | undefined): Attributes {
  return { 'mcp.method.name': mcpMethod(method), ...(code !== undefined && { 'error.type': code }) };
}

function book(cells: CallCells, record: CallRecord, seconds: number): void {
  const { metered, request, firstByteAtMs } = record;
  cells.duration.record(seconds);
  cells.calls.add(1);
  cells.refusals?.add(1);
  cells.decisions?.add(1);
  cells.shadow?.add(1);
  cells.estimated?.add(1);
  cells.tool?.record(seconds);
  if (metered) cells.cost?.add(metered.charge.money);
  if (!cells.model) return;
  const firstSeconds =
    firstByteAtMs === undefined ? undefined : Math.max(0, firstByteAtMs - request.receivedAtMs) / 1_000;
  recordModel(cells.model, { seconds, firstSeconds, usage: metered?.usage });
}
