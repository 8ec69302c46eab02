import * as fc from 'fast-check';
import {
  MeterProvider,
  type Histogram,
  type IMetricReader,
  InMemoryMetricExporter,
  AggregationTemporality,
  PeriodicExportingMetricReader,
  type MetricData,
} from '@opentelemetry/sdk-metrics';
import { describe, expect, test } from 'vitest';
import { CALL_METRICS } from '../../src/telemetry/names.ts';
import { Series } from '../../src/telemetry/series.ts';

const SCOPE = { name: 'waygate', version: '0' };
const HISTOGRAM = 'http.server.request.duration';

async function collected(series: Series): Promise<readonly MetricData[]> {
  return (await series.collect()).resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
}

/** What the SDK's own histogram makes of the same values. */
async function sdkHistogram(values: readonly number[]): Promise<Histogram> {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader: IMetricReader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  const { unit, description, boundaries } = CALL_METRICS[HISTOGRAM];
  const advice = { explicitBucketBoundaries: [...boundaries] };
  const histogram = provider.getMeter('test').createHistogram(HISTOGRAM, { unit, description, advice });
  for (const value of values) histogram.record(value);
  await provider.forceFlush();
  const point = exporter.getMetrics()[0]?.scopeMetrics[0]?.metrics[0]?.dataPoints[0];
  await provider.shutdown();
  return point?.value as Histogram;
}

describe('series', () => {
  test('a histogram holds what the SDK’s own would', async () => {
    const value = fc.oneof(
      fc.double({ min: 0, max: 2_000, noNaN: true }),
      fc.constantFrom(...CALL_METRICS[HISTOGRAM].boundaries),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 40 }), async (values) => {
        const series = new Series(SCOPE);
        for (const one of values) series.histogram(HISTOGRAM, { route: 'a' }).record(one);
        const [metric] = await collected(series);
        expect(metric?.dataPoints[0]?.value).toEqual(await sdkHistogram(values));
      }),
      { numRuns: 40 },
    );
  });

  test('sums are kept apart by attributes and never fall back', async () => {
    const series = new Series(SCOPE);
    series.counter('waygate.calls', { route: 'a' }).add(1);
    series.counter('waygate.calls', { route: 'a' }).add(2);
    series.counter('waygate.calls', { route: 'b' }).add(5);
    await collected(series);
    const [metric] = await collected(series);
    expect(metric?.dataPoints.map(({ attributes, value }) => [attributes, value])).toEqual([
      [{ route: 'a' }, 3],
      [{ route: 'b' }, 5],
    ]);
    expect(metric).toMatchObject({ descriptor: { name: 'waygate.calls', unit: '{call}' }, isMonotonic: true });
  });

  test('the number of series is bounded, and nothing is lost past it', async () => {
    const series = new Series(SCOPE);
    for (let index = 0; index < 2_500; index += 1) series.counter('waygate.calls', { route: `r${index}` }).add(1);
    const [metric] = await collected(series);
    expect(metric?.dataPoints).toHaveLength(2_001);
    expect(metric?.dataPoints.find(({ attributes }) => attributes['otel.metric.overflow'])?.value).toBe(500);
  });

  test('what was collected does not change afterwards', async () => {
    const series = new Series(SCOPE);
    const cell = series.histogram(HISTOGRAM, {});
    cell.record(1);
    const [before] = await collected(series);
    cell.record(1);
    const value = before?.dataPoints[0]?.value as Histogram;
    expect([value.count, value.buckets.counts.reduce((sum, count) => sum + count)]).toEqual([1, 1]);
  });
});
