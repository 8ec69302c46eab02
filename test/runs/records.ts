// Trees of runs as a store would hold them.
import fc from 'fast-check';
import type { RunId } from '../../src/core/ids.ts';
import type { RunRecord, Stop } from '../../src/core/run.ts';

export const NOW_MS = Date.UTC(2026, 0, 31, 12);

export function record(id: string, above?: RunRecord, told: Partial<RunRecord> = {}): RunRecord {
  const own = id as RunId;
  return {
    id: own,
    root: above?.root ?? own,
    parent: above?.id,
    path: [...(above?.path ?? []), own],
    depth: above ? above.depth + 1 : 0,
    name: id,
    source: 'hint',
    agent: 'worker',
    subject: 'ana',
    bornMs: NOW_MS,
    lastMs: NOW_MS,
    steps: 1,
    calls: {},
    tokens: 0,
    money: 0,
    errors: 0,
    ...told,
  };
}

export function stop(state: Stop['state'], told: Partial<Stop> = {}): Stop {
  return { state, cause: 'person', by: 'olga', because: 'it went wrong', atMs: NOW_MS, ...told };
}

const count = fc.nat(1_000_000);
const used = fc.record({
  /** Which of the runs before it is its parent. */
  above: fc.nat(),
  agent: fc.constantFrom('worker', 'orchestrator'),
  steps: count,
  calls: fc.dictionary(fc.constantFrom('model.generate', 'tool.call', 'run.spawn'), count, { noNullPrototype: true }),
  tokens: count,
  money: count,
  errors: count,
});

/** Any tree of 1 to 60 runs, parents before their children. */
export const anyTree: fc.Arbitrary<readonly RunRecord[]> = fc
  .array(used, { minLength: 1, maxLength: 60 })
  .map((all) => {
    const runs: RunRecord[] = [];
    for (const [index, { above, ...told }] of all.entries()) {
      runs.push(record(`run_${index}`, index === 0 ? undefined : runs[above % index], told));
    }
    return runs;
  });
