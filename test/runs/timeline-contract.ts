// What every store of timelines must do. Run on memory and on Redis.
import { beforeEach, describe, expect, test } from 'vitest';
import type { RunId } from '../../src/core/ids.ts';
import { STEPS_MAX, type StepOf, type TimelineStore } from '../../src/runs/timeline.ts';
import { freshTenant } from '../limits/ledger.ts';

const step = (run: string, at: number): StepOf => ({
  run: run as RunId,
  step: { at, kind: 'tool.local', resource: 'tool/local/Bash', ok: true },
});

export function timelineContract(name: string, make: () => TimelineStore): void {
  describe(`timelines: ${name}`, () => {
    let tenant: string;
    let store: TimelineStore;

    beforeEach(() => {
      tenant = freshTenant();
      store = make();
    });

    const times = async (run: string, count = 1_000) =>
      (await store.read(tenant, run as RunId, count)).map(({ at }) => at);

    test('each run has its own, in the order in which its steps were written', async () => {
      await store.append(tenant, [step('a', 1), step('b', 2), step('a', 3)]);
      await store.append(tenant, [step('a', 4)]);
      expect(await times('a')).toEqual([1, 3, 4]);
      expect(await times('b')).toEqual([2]);
      expect(await times('c')).toEqual([]);
      expect(await store.read(freshTenant(), 'a' as RunId, 10)).toEqual([]);
    });

    test('the newest are read, as many as are asked for', async () => {
      await store.append(tenant, [step('a', 1), step('a', 2), step('a', 3)]);
      expect(await times('a', 2)).toEqual([2, 3]);
      expect(await times('a', 0)).toEqual([]);
    });

    test('the newest are kept, so many as may be', async () => {
      const all = Array.from({ length: STEPS_MAX + 700 }, (_, at) => step('a', at));
      await store.append(tenant, all);
      const kept = await times('a', 10_000);
      expect([kept.length, kept[0], kept.at(-1)]).toEqual([STEPS_MAX, 700, STEPS_MAX + 699]);
    });

    test('a step comes back as it was written', async () => {
      const whole = {
        at: 1_700_000_000_000,
        kind: 'tool',
        resource: 'tool/github/get_issue',
        ok: false,
        callId: 'call_1',
        toolUseId: 'toolu_1',
        code: 'policy.denied',
        tokens: 7,
        money: 12,
        ms: 40,
      } as const;
      await store.append(tenant, [{ run: 'a' as RunId, step: whole }, step('a', 5)]);
      expect(await store.read(tenant, 'a' as RunId, 10)).toEqual([whole, step('a', 5).step]);
    });
  });
}
