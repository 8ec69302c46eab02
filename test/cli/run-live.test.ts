import { describe, expect, test } from 'vitest';
import type { RunView } from '../../src/admin/run-view.ts';
import { liveSpending } from '../../src/cli/run-live.ts';
import type { Live } from '../../src/cli/arguments.ts';

function shown(how: Live | undefined, isTTY: boolean) {
  const words: string[] = [];
  let nowMs = 0;
  const live = liveSpending(how, {
    budget: '5 USD',
    say: (line) => void words.push(line),
    terminal: { isTTY, write: (text) => words.push(text) },
    now: () => nowMs,
  });
  const show = (steps: number, afterMs = 0): void => {
    nowMs += afterMs;
    live.show({ all: { money: steps * 1_000, steps } } as RunView);
  };
  return { words, show, live };
}

describe('spending while a program runs', () => {
  test('is told in the title of a terminal, whenever it has changed, and the title is cleared', () => {
    const { words, show, live } = shown(undefined, true);
    show(1);
    show(1);
    show(2);
    live.end();
    expect(words).toEqual([
      '\u001B]0;waygate: 0.001 USD of 5 USD, 1 step\u0007',
      '\u001B]0;waygate: 0.002 USD of 5 USD, 2 steps\u0007',
      '\u001B]0;\u0007',
    ]);
  });

  test('is told nobody where there is no terminal, or where that is asked for', () => {
    for (const [how, isTTY] of [
      [undefined, false],
      ['off', true],
    ] as const) {
      const { words, show, live } = shown(how, isTTY);
      show(1);
      live.end();
      expect(words).toEqual([]);
    }
  });

  test('is told in lines where that is asked for, at most one in five seconds', () => {
    const { words, show } = shown('lines', false);
    show(1);
    show(2, 4_000);
    show(3, 1_000);
    expect(words).toEqual(['[waygate] 0.001 USD of 5 USD, 1 step', '[waygate] 0.003 USD of 5 USD, 3 steps']);
  });
});
