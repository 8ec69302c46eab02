import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Seat } from '../../src/core/roster.ts';
import { pace, type Paced } from '../../src/http/pace.ts';

let nowMs: number;

beforeEach(() => {
  nowMs = 0;
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
});
afterEach(() => vi.useRealTimers());

const watched = pace({ bodyMs: 60_000, bodyBytesPerSecond: 100 }, () => nowMs);

interface Body extends Paced {
  seat: Seat | undefined;
  received: number;
  givenUp: number;
}

function body(received: number): Body {
  return {
    startedAtMs: nowMs,
    received,
    givenUp: 0,
    seat: undefined,
    giveUp() {
      this.givenUp += 1;
      this.seat?.leave();
    },
  };
}

function watch(coming: Body): void {
  coming.seat = watched.watch(coming);
}

function pass(ms: number): void {
  nowMs += ms;
  vi.advanceTimersByTime(ms);
}

describe('a body on its way', () => {
  test.each([
    ['nothing of it, for ten seconds', 0, 10_000, 0],
    ['nothing of it, for longer', 0, 11_000, 1],
    ['just fast enough', 5_000, 50_000, 0],
    ['a byte too slow', 1_199, 12_000, 1],
    ['fast, but without an end', 1_000_000, 61_000, 1],
  ])('%s', (_, received, ms, givenUp) => {
    const coming = body(received);
    watch(coming);
    pass(ms);
    expect(coming.givenUp).toBe(givenUp);
    coming.seat?.leave();
    pass(1_000);
  });

  test('that has come is not given up', () => {
    const come = body(0);
    watch(come);
    come.seat?.leave();
    pass(100_000);
    expect(come.givenUp).toBe(0);
  });

  test('costs a timer only while there is one', () => {
    const [first, second] = [body(1_000_000), body(1_000_000)];
    watch(first);
    watch(second);
    expect(vi.getTimerCount()).toBe(1);
    first.seat?.leave();
    pass(1_000);
    expect(vi.getTimerCount()).toBe(1);
    second.seat?.leave();
    pass(1_000);
    expect(vi.getTimerCount()).toBe(0);
  });
});
