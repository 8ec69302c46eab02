// One burst of load from a process of its own, so that what it costs is not the candidate's.
//   node bench/load.ts '{"url":…}'   prints what came of it as JSON
import autocannon from 'autocannon';

export interface Burst {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly expectBody: string;
  readonly connections: number;
  readonly seconds: number;
}

export interface BurstResult {
  readonly requests: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Why the burst does not count, if so: answers that were not 2xx, differed, or never came. */
  readonly failure: string | undefined;
}

const { seconds, ...burst } = JSON.parse(process.argv[2] ?? '{}') as Burst;
const times: number[] = [];
const tracker = autocannon({ ...burst, method: 'POST', duration: seconds, sampleInt: 50 }, (error, result) => {
  if (error) throw error;
  process.stdout.write(JSON.stringify(summarize(result)));
});
tracker.on('response', (_client, _status, _bytes, milliseconds: number) => times.push(milliseconds));

function summarize(result: Parameters<Parameters<typeof autocannon>[1]>[1]): BurstResult {
  const sorted = Float64Array.from(times).sort();
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? NaN;
  return {
    requests: times.length,
    seconds: result.duration,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    failure: failureOf(result),
  };
}

function failureOf(result: Parameters<Parameters<typeof autocannon>[1]>[1]): string | undefined {
  const of = `of ${times.length} answers`;
  if (result.non2xx > 0) return `${result.non2xx} ${of} were not 2xx: ${JSON.stringify(result.statusCodeStats)}`;
  if (result.mismatches > 0) return `${result.mismatches} ${of} were not what the upstream said`;
  if (result.errors > 0) return `${result.errors} connections failed or timed out beside ${times.length} answers`;
  return times.length === 0 ? 'no answers' : undefined;
}
