import { CALL_METRICS, PROCESS_METRICS } from '../../src/telemetry/names.ts';
import { page, table } from './markdown.ts';

type Rows = Readonly<Record<string, { readonly kind: string; readonly unit: string; readonly description: string }>>;

/** docs/reference/metrics.md */
export function metricsPage(): string {
  return page(
    '# Metrics',
    "Names and units as OTLP carries them. On `/metrics` of the operators' listener dots are underscores and the unit is appended, as Prometheus expects.",
    '## Of calls',
    tableOf(CALL_METRICS),
    '## Of the process',
    tableOf(PROCESS_METRICS),
  );
}

function tableOf(rows: Rows): string {
  return table(
    ['metric', 'kind', 'unit', 'meaning'],
    Object.entries(rows).map(([name, { kind, unit, description }]) => [
      `\`${name}\``,
      kind,
      `\`${unit}\``,
      description,
    ]),
  );
}
