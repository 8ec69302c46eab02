import { describe, expect, test } from 'vitest';
import type { RunId } from '../../src/core/ids.ts';
import type { StepOf, TimelineStore } from '../../src/runs/timeline.ts';
import { FLUSH_MS, TimelineWriter, WAITING_MAX } from '../../src/runs/timeline-writer.ts';

const step = (at: number): StepOf => ({
  run: 'a' as RunId,
  step: { at, kind: 'model', resource: 'model/a/b', ok: true },
});

function writer(append: TimelineStore['append'] = async () => {}) {
  const appended: [string, number[]][] = [];
  const dropped: [number, unknown][] = [];
  const due: { ms: number; work: () => void; isOff: boolean }[] = [];
  const made = new TimelineWriter({
    store: {
      async append(tenant, steps) {
        await append(tenant, steps);
        appended.push([tenant, steps.map(({ step: { at } }) => at)]);
      },
      read: async () => [],
    },
    after(ms, work) {
      const timer = { ms, work, isOff: false };
      due.push(timer);
      return () => void (timer.isOff = true);
    },
    onDropped: (steps, cause) => dropped.push([steps, cause]),
  });
  return { made, appended, dropped, due };
}

describe('steps on their way', () => {
  test('leave together, per tenant, a moment after the first', async () => {
    const { made, appended, due } = writer();
    made.add('acme', [step(1)]);
    made.add('acme', [step(2), step(3)]);
    made.add('other', [step(4)]);
    made.add('other', []);
    expect(due.map(({ ms }) => ms)).toEqual([FLUSH_MS]);
    due[0]?.work();
    await made.flush();
    expect(appended).toEqual([
      ['acme', [1, 2, 3]],
      ['other', [4]],
    ]);
    made.add('acme', [step(5)]);
    expect(due).toHaveLength(2);
  });

  test('all of them are written once a flush has ended, also those that came while it wrote', async () => {
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => (open = resolve));
    const { made, appended, due } = writer(() => gate);
    made.add('acme', [step(1)]);
    const first = made.flush();
    expect(due[0]?.isOff).toBe(true);
    await new Promise((resolve) => setImmediate(resolve));
    made.add('acme', [step(2)]);
    const second = made.flush();
    open();
    await second;
    await first;
    expect(appended).toEqual([
      ['acme', [1]],
      ['acme', [2]],
    ]);
  });

  test('are dropped and counted where the store does not answer, and the next ones are written', async () => {
    const failure = new Error('gone');
    let isGone = true;
    const { made, appended, dropped } = writer(async () => {
      if (isGone) throw failure;
    });
    made.add('acme', [step(1), step(2)]);
    await made.flush();
    isGone = false;
    made.add('acme', [step(3)]);
    await made.flush();
    expect(dropped).toEqual([[2, failure]]);
    expect(appended).toEqual([['acme', [3]]]);
  });

  test('wait in bounded number: what finds no room is dropped and counted', async () => {
    const { made, appended, dropped } = writer();
    made.add(
      'acme',
      Array.from({ length: WAITING_MAX - 1 }, (_, at) => step(at)),
    );
    made.add('other', [step(1), step(2), step(3)]);
    made.add('other', [step(4)]);
    expect(dropped).toEqual([
      [2, undefined],
      [1, undefined],
    ]);
    await made.flush();
    expect(appended.map(([tenant, steps]) => [tenant, steps.length])).toEqual([
      ['acme', WAITING_MAX - 1],
      ['other', 1],
    ]);
  });
});
