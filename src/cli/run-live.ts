// Spending while a program runs. The terminal is the program's: unless lines are asked for, its title alone changes.
import type { RunView } from '../admin/run-view.ts';
import type { Live } from './arguments.ts';
import { spendingOf } from './run-receipt.ts';

export interface LiveSpending {
  show(view: RunView): void;
  end(): void;
}

const LINES_EVERY_MS = 5_000;

export interface LiveSource {
  readonly budget: string | undefined;
  /** Where lines go. */
  readonly say: (line: string) => void;
  /** Standard error: where a title goes, if it is a terminal. */
  readonly terminal: { readonly isTTY?: boolean; write(text: string): unknown };
  readonly now: () => number;
}

/** Shows nothing where standard error is no terminal, unless lines are asked for. */
export function liveSpending(how: Live | undefined, { budget, say, terminal, now }: LiveSource): LiveSpending {
  const kind = how ?? 'title';
  const isShown = kind === 'lines' || (kind === 'title' && terminal.isTTY === true);
  let last = '';
  let lastMs = -Infinity;
  return {
    show(view) {
      const text = spendingOf(view, budget);
      if (!isShown || text === last) return;
      if (kind === 'lines' && now() - lastMs < LINES_EVERY_MS) return;
      [last, lastMs] = [text, now()];
      if (kind === 'lines') say(`[waygate] ${text}`);
      else terminal.write(titled(`waygate: ${text}`));
    },
    end() {
      if (kind === 'title' && last !== '') terminal.write(titled(''));
    },
  };
}

/** OSC 0: the title of the window. */
function titled(text: string): string {
  return `\u001B]0;${text}\u0007`;
}
