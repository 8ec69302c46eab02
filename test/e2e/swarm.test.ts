// A slice of the swarm (examples/swarm): real gateways, real Redis, real SDKs. The whole is `npm run swarm`.
import { beforeAll, describe, expect, inject, test } from 'vitest';
import type { LineageKind } from '../../examples/swarm/scene.ts';
import { showSwarm, type Shown } from '../../examples/swarm/show.ts';
import { judge } from '../../examples/swarm/verdict.ts';

const SLICE = { agents: 20, steps: 120, width: 16 };
const KINDS: readonly LineageKind[] = ['hints', 'tokens'];

describe.runIf(inject('redisIsReal')).each(KINDS)('a swarm on two gateways, its lineage from %s', (lineage) => {
  let shown: Shown;
  beforeAll(async () => {
    shown = await showSwarm({ ...SLICE, lineage });
  }, 120_000);

  test('is one tree whose totals equal the audit and what the upstreams counted, and of which one branch alone can be killed', () => {
    expect(shown.verdicts.filter(({ ok }) => !ok)).toEqual([]);
    expect(shown.verdicts.length).toBeGreaterThan(10);
    expect(shown.all).toMatchObject({ runs: SLICE.agents + 1 });
    expect(shown.all.steps).toBeGreaterThanOrEqual(SLICE.steps);
  });

  test('is drawn by `waygate runs tree`', () => {
    expect(shown.drawn).toContain('helper-20');
    expect(shown.drawn).toContain(`total: ${SLICE.agents + 1} runs, ${shown.all.steps} steps`);
  });

  test('is not believed where one of the three books tells of one call more', () => {
    const { counts } = shown.read;
    const [name = '', node = {}] = Object.entries(counts).find(([one]) => one.startsWith('helper-20')) ?? [];
    const model = node['model/demo-small'];
    expect(model).toBeDefined();
    const more = { ...model, calls: (model?.calls ?? 0) + 1 } as NonNullable<typeof model>;
    const told = judge({ ...shown.read, counts: { ...counts, [name]: { ...node, 'model/demo-small': more } } });
    expect(told.filter(({ ok }) => !ok)).toHaveLength(1);
  });
});
