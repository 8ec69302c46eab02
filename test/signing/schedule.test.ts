import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { currentOf, turned } from '../../src/signing/schedule.ts';

const DAY = 86_400_000;
const rotation = { rotateMs: 30 * DAY, keepMs: DAY };
const at = (...times: readonly number[]): { fromMs: number }[] => times.map((fromMs) => ({ fromMs }));

describe('signing keys', () => {
  test('begin with one that signs and one that will', () => {
    expect(turned([], 5, rotation)).toEqual({ kept: [], missing: [5, 5 + 30 * DAY] });
  });

  test('stay as they are while one signs and the next is known', () => {
    expect(turned(at(0, 30 * DAY), 29 * DAY, rotation)).toEqual({ kept: at(0, 30 * DAY), missing: [] });
  });

  test('get a next one once the last has begun, and keep the one before while its tokens live', () => {
    const keys = at(0, 30 * DAY);
    expect(turned(keys, 30 * DAY, rotation)).toEqual({ kept: keys, missing: [60 * DAY] });
    expect(turned(keys, 31 * DAY, rotation)).toEqual({ kept: at(30 * DAY), missing: [60 * DAY] });
  });

  test('publish the next one ahead, however long nobody looked', () => {
    expect(turned(at(0), 90 * DAY, rotation)).toEqual({ kept: at(0), missing: [90 * DAY + 600_000] });
  });

  test('sign by the last whose time has come, or by the first to come where clocks differ', () => {
    expect(currentOf(at(20, 10, 30), 25)).toEqual({ fromMs: 20 });
    expect(currentOf(at(30, 40), 25)).toEqual({ fromMs: 30 });
    expect(currentOf([], 25)).toBeUndefined();
  });

  test('never drop a key that a living token may be signed with, whenever replicas look', () => {
    const steps = fc.array(fc.integer({ min: 1, max: 40 * DAY }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(steps, (gaps) => {
        let nowMs = 0;
        let keys: readonly { fromMs: number }[] = [];
        const signed: { key: { fromMs: number }; untilMs: number }[] = [];
        for (const gap of gaps) {
          nowMs += gap;
          const { kept, missing } = turned(keys, nowMs, rotation);
          keys = [...kept, ...at(...missing)];
          for (const { key, untilMs } of signed) if (nowMs < untilMs) expect(keys).toContain(key);
          const current = currentOf(keys, nowMs);
          if (!current) throw new Error('nothing signs');
          signed.push({ key: current, untilMs: nowMs + rotation.keepMs });
          expect(keys.length).toBeLessThanOrEqual(3);
        }
      }),
    );
  });
});
