import type { Attributes } from '@opentelemetry/api';
import type { Call } from '../core/call.ts';
import type { GatewayError } from '../core/errors.ts';
import type { Usage } from '../core/usage.ts';
import type { HistogramCell, SumCell } from './cells.ts';
import type { Destination } from './client-span.ts';
import { genaiOperation } from './operation.ts';
import type { Series } from './series.ts';

/** The cells that calls to one model book in, under the names of one or both editions of the GenAI conventions. */
export interface ModelCells {
  readonly durations: readonly HistogramCell[];
  /** Empty where nothing is streamed. */
  readonly firstChunks: readonly HistogramCell[];
  readonly input: readonly HistogramCell[];
  readonly output: readonly HistogramCell[];
  readonly sums: UsageSums | undefined;
}

interface UsageSums {
  readonly input: SumCell;
  readonly output: SumCell;
  readonly cacheRead: SumCell;
  readonly cacheWrite: SumCell;
  readonly reasoning: SumCell;
}

export interface ModelKind {
  readonly call: Call;
  readonly destination: Destination | undefined;
  readonly error: GatewayError | undefined;
}

export function modelCells(
  source: { readonly series: Series; readonly genai: 'latest' | 'legacy' | 'both' },
  kind: ModelKind,
): ModelCells {
  const { series, genai } = source;
  const labels = modelLabels(kind);
  const latest = genai === 'legacy' ? undefined : latestCells(series, labels, kind);
  const legacy = genai === 'latest' ? undefined : legacyCells(series, labels, kind);
  const both = [latest, legacy].filter((cells) => cells !== undefined);
  return {
    durations: both.flatMap((cells) => cells.durations),
    firstChunks: both.flatMap((cells) => cells.firstChunks),
    input: both.flatMap((cells) => cells.input),
    output: both.flatMap((cells) => cells.output),
    sums: latest?.sums,
  };
}

function modelLabels({ call, destination }: ModelKind): Attributes {
  return {
    'gen_ai.operation.name': genaiOperation(call) ?? '_OTHER',
    'gen_ai.request.model': call.model,
    'waygate.upstream': call.access.resource.upstream,
    ...(destination && { 'gen_ai.provider.name': destination.provider, 'server.address': destination.address }),
  };
}

function latestCells(series: Series, labels: Attributes, { call, error }: ModelKind): ModelCells {
  const sum = (
    name:
      | 'input_tokens'
      | 'output_tokens'
      | 'cache_read.input_tokens'
      | 'cache_write.input_tokens'
      | 'reasoning.output_tokens',
  ): SumCell => series.counter(`gen_ai.client.inference.usage.${name}`, labels);
  return {
    durations: [series.histogram('gen_ai.client.inference.duration', withError(labels, error))],
    firstChunks: call.stream ? [series.histogram('gen_ai.client.inference.time_to_first_chunk', labels)] : [],
    input: [series.histogram('gen_ai.client.inference.operation.input_tokens', labels)],
    output: [series.histogram('gen_ai.client.inference.operation.output_tokens', labels)],
    sums: {
      input: sum('input_tokens'),
      output: sum('output_tokens'),
      cacheRead: sum('cache_read.input_tokens'),
      cacheWrite: sum('cache_write.input_tokens'),
      reasoning: sum('reasoning.output_tokens'),
    },
  };
}

function legacyCells(series: Series, shared: Attributes, { call, destination, error }: ModelKind): ModelCells {
  const labels = destination ? { ...shared, 'gen_ai.system': destination.provider } : shared;
  const tokens = (type: 'input' | 'output'): HistogramCell =>
    series.histogram('gen_ai.client.token.usage', { ...labels, 'gen_ai.token.type': type });
  return {
    durations: [series.histogram('gen_ai.client.operation.duration', withError(labels, error))],
    firstChunks: call.stream ? [series.histogram('gen_ai.server.time_to_first_token', labels)] : [],
    input: [tokens('input')],
    output: [tokens('output')],
    sums: undefined,
  };
}

function withError(labels: Attributes, error: GatewayError | undefined): Attributes {
  return error ? { ...labels, 'error.type': error.code } : labels;
}

export interface ModelEnd {
  readonly seconds: number;
  readonly firstSeconds: number | undefined;
  readonly usage: Usage | undefined;
}

export function recordModel(cells: ModelCells, { seconds, firstSeconds, usage }: ModelEnd): void {
  for (const cell of cells.durations) cell.record(seconds);
  if (firstSeconds !== undefined) for (const cell of cells.firstChunks) cell.record(firstSeconds);
  if (!usage) return;
  const input = usage.input + usage.cacheRead + usage.cacheWrite;
  for (const cell of cells.input) cell.record(input);
  for (const cell of cells.output) cell.record(usage.output);
  cells.sums?.input.add(input);
  cells.sums?.output.add(usage.output);
  cells.sums?.cacheRead.add(usage.cacheRead);
  cells.sums?.cacheWrite.add(usage.cacheWrite);
  cells.sums?.reasoning.add(usage.reasoning);
}
