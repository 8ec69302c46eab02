// The metrics of the call path, read by the SDK's exporters through its MetricProducer. The SDK's own instruments sort and
// stringify the attributes at every record (2 µs with five of them, some fifteen records a call); here a cell is found once
// per distinct kind of call and from then on is an addition.
import { type Attributes, ValueType } from '@opentelemetry/api';
import { hrTime, type InstrumentationScope } from '@opentelemetry/core';
import { emptyResource } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  type CollectionResult,
  type DataPoint,
  DataPointType,
  type Histogram,
  type MetricData,
  type MetricProducer,
} from '@opentelemetry/sdk-metrics';
import { HistogramCell, SumCell } from './cells.ts';
import { CALL_METRICS, type CallMetricName } from './names.ts';

type NamesOf<Kind> = {
  [Name in CallMetricName]: (typeof CALL_METRICS)[Name]['kind'] extends Kind ? Name : never;
}[CallMetricName];
export type CounterName = NamesOf<'counter'>;
export type HistogramName = NamesOf<'histogram'>;

/** Sets of attributes per metric, as many as the SDK would keep; further ones share one cell. */
const CELLS_MAX = 2_000;
const OVERFLOW: Attributes = { 'otel.metric.overflow': true };

interface Stored<Cell> {
  readonly attributes: Attributes;
  readonly cell: Cell;
}
type Cells<Cell> = Map<string, Stored<Cell>>;

/** The cells of every metric in `CALL_METRICS`. Attributes are compared in the order they are written in. */
export class Series implements MetricProducer {
  readonly #scope: InstrumentationScope;
  readonly #startTime = hrTime();
  readonly #sums = new Map<CounterName, Cells<SumCell>>();
  readonly #histograms = new Map<HistogramName, Cells<HistogramCell>>();

  constructor(scope: InstrumentationScope) {
    this.#scope = scope;
  }

  counter(name: CounterName, attributes: Attributes): SumCell {
    return cellOf(cellsOf(this.#sums, name), attributes, () => new SumCell());
  }

  histogram(name: HistogramName, attributes: Attributes): HistogramCell {
    return cellOf(cellsOf(this.#histograms, name), attributes, () => new HistogramCell(CALL_METRICS[name].boundaries));
  }

  async collect(): Promise<CollectionResult> {
    const metrics: MetricData[] = [];
    for (const [name, cells] of this.#sums) metrics.push(this.#sum(name, cells));
    for (const [name, cells] of this.#histograms) metrics.push(this.#histogram(name, cells));
    return {
      resourceMetrics: { resource: emptyResource(), scopeMetrics: [{ scope: this.#scope, metrics }] },
      errors: [],
    };
  }

  #sum(name: CounterName, cells: Cells<SumCell>): MetricData {
    return {
      ...described(name),
      dataPointType: DataPointType.SUM,
      isMonotonic: true,
      dataPoints: this.#points<number, SumCell>(cells),
    };
  }

  #histogram(name: HistogramName, cells: Cells<HistogramCell>): MetricData {
    return {
      ...described(name),
      dataPointType: DataPointType.HISTOGRAM,
      dataPoints: this.#points<Histogram, HistogramCell>(cells),
    };
  }

  #points<Value, Cell extends { readonly value: Value }>(cells: Cells<Cell>): DataPoint<Value>[] {
    const endTime = hrTime();
    return [...cells.values()].map(({ attributes, cell }) => ({
      startTime: this.#startTime,
      endTime,
      attributes,
      value: cell.value,
    }));
  }
}

function described(name: CallMetricName) {
  const { unit, description } = CALL_METRICS[name];
  const descriptor = { name, unit, description, valueType: ValueType.DOUBLE };
  return { descriptor, aggregationTemporality: AggregationTemporality.CUMULATIVE };
}

function cellsOf<Name, Cell>(families: Map<Name, Cells<Cell>>, name: Name): Cells<Cell> {
  let cells = families.get(name);
  if (!cells) families.set(name, (cells = new Map()));
  return cells;
}

function cellOf<Cell>(cells: Cells<Cell>, attributes: Attributes, make: () => Cell): Cell {
  const known = cells.get(JSON.stringify(attributes));
  if (known) return known.cell;
  if (cells.size >= CELLS_MAX && attributes !== OVERFLOW) return cellOf(cells, OVERFLOW, make);
  const stored = { attributes, cell: make() };
  cells.set(JSON.stringify(attributes), stored);
  return stored.cell;
}
