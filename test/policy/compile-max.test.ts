import { describe, expect, test } from 'vitest';
import { policies, policiesUnder } from './fixtures.ts';

const limits = (...written: readonly object[]): string => JSON.stringify({ policy: 'p', limits: written });
const only = (written: object) => policies(limits({ id: 'm', ...written })).policies[0];
const quotas = (written: object) => only(written)?.limits.map(({ quota }) => quota);

const ALL = { depth: 3, children: 300, steps: 4_000, duration: '5d', concurrency: 20, repeats: 5 };
const HEAD = { id: 'p/m', enforced: true };

describe('a `max`', () => {
  test('is a quota for each part that is counted, for the whole tree, as long as it lives', () => {
    expect(quotas({ max: ALL })).toEqual([
      { ...HEAD, kind: 'steps', unit: 'requests', amount: 4_000, window: { kind: 'life' }, per: ['run.root'] },
      { ...HEAD, kind: 'children', unit: 'runs', amount: 300, window: { kind: 'life' }, per: ['run.root'] },
      { ...HEAD, kind: 'concurrency', unit: 'concurrency', amount: 20, window: { kind: 'none' }, per: ['run.root'] },
    ]);
  });

  test('is a bound for what is not counted', () => {
    expect(only({ max: ALL })?.bounds.map(({ bound }) => bound)).toEqual([
      { ...HEAD, depth: 3, durationMs: 432_000_000 },
      { ...HEAD, repeats: 5 },
    ]);
    expect(only({ max: { idle: '2h' } })?.bounds.map(({ bound }) => bound)).toEqual([{ ...HEAD, idleMs: 7_200_000 }]);
    expect(only({ max: { depth: 0 } })?.bounds.map(({ bound }) => bound)).toEqual([{ ...HEAD, depth: 0 }]);
    expect(only({ max: { steps: 1 } })?.bounds).toEqual([]);
    expect(quotas({ max: { depth: 1 } })).toEqual([]);
  });

  test.each(['run', 'run.parent'])('may be `per: %s`', (per) => {
    expect(quotas({ max: { steps: 3, children: 3 }, per })?.map((quota) => quota.per)).toEqual([[per], [per]]);
  });

  test('counts the steps and calls that `on` names, and all runs', () => {
    const set = policies(limits({ id: 'm', max: { steps: 3, children: 3 }, on: 'tool.call' }));
    const kinds = (action: 'tool.call' | 'model.generate', kind: 'tool' | 'model') =>
      [...set.limits.find(action, { kind, upstream: 'a', name: 'b' })].map(({ quota }) => quota.kind);
    expect(kinds('tool.call', 'tool')).toEqual(['steps', 'children']);
    expect(kinds('model.generate', 'model')).toEqual(['children']);
  });

  test('lets only what is under way be waited for', () => {
    const waits = quotas({ max: { steps: 3, concurrency: 3 }, wait: '3s' })?.map(({ waitMs }) => waitMs);
    expect(waits).toEqual([undefined, 3_000]);
  });

  test('binds nobody in shadow, nor while the gateway observes', () => {
    const text = limits({ id: 'm', max: { steps: 3, depth: 1 } });
    for (const set of [policies(text.replace('{', '{"mode":"shadow",')), policiesUnder('observe', [text])]) {
      expect(set.policies[0]?.limits[0]?.quota.enforced).toBe(false);
      expect(set.policies[0]?.bounds[0]?.bound.enforced).toBe(false);
    }
  });
});

describe('limits per run', () => {
  const ceiling = { id: 'day', budget: '9 USD', every: 'day' };
  const quota = (written: object) => policies(limits({ id: 'l', ...written }, ceiling)).policies[0]?.limits[0]?.quota;

  test.each(['run', 'run.root', 'run.parent'])('a budget `per: %s` counts as long as its runs live', (per) => {
    expect(quota({ budget: '5 USD', per })).toMatchObject({ window: { kind: 'life' }, per: [per] });
  });

  test('a budget may have a window all the same', () => {
    expect(quota({ budget: '5 USD', per: ['run', 'model'], every: '1h' })).toMatchObject({
      window: { kind: 'rolling', ms: 3_600_000 },
      per: ['model', 'run'],
    });
  });

  test('a budget keeps a part for the last report', () => {
    expect(quota({ budget: '5 USD', per: 'run.root', reserve: '0.10 USD for final' })).toMatchObject({
      amount: 5_000_000,
      keptForFinal: 100_000,
    });
    expect(quota({ budget: '5 USD', per: 'run.root' })).not.toHaveProperty('keptForFinal');
  });

  test('rates and concurrency may be per run', () => {
    expect(quota({ rate: '9/s', per: 'run' })).toMatchObject({ per: ['run'], window: { kind: 'rolling' } });
    expect(quota({ concurrency: 9, per: ['agent', 'run.root'] })).toMatchObject({ per: ['agent', 'run.root'] });
  });
});
