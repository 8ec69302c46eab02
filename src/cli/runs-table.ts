// Runs as text: columns, and trees of them. Pure.
import type { RunView, StopView } from '../admin/run-view.ts';
import type { StepView } from '../admin/step-view.ts';
import { formatMoney, microUsd } from '../core/money.ts';

const NAME_LENGTH_MAX = 60;
/** A timeline keeps no longer ones. */
const RESOURCE_LENGTH_MAX = 120;
/** Deeper runs stand no further to the right. */
const INDENTS_MAX = 24;
const LIST_HEAD = ['RUN', 'STATE', 'AGENT', 'SUBJECT', 'NAME', 'LAST', 'RUNS', 'STEPS', 'TOKENS', 'MONEY', 'ERRORS'];
const TREE_HEAD = ['TREE', 'RUN', 'AGENT', 'STATE', 'STEPS', 'TOKENS', 'MONEY', 'ERRORS', 'ALL STEPS', 'ALL MONEY'];
const STEP_HEAD = ['TIME', 'KIND', 'RESOURCE', 'RESULT', 'TOKENS', 'MONEY', 'MS'];
/** Columns from here on are numbers. */
const LIST_NUMBERS = 6;
const TREE_NUMBERS = 4;
const STEP_NUMBERS = 4;

/** One line for each root, with what its tree used. */
export function listOf(runs: readonly RunView[]): string {
  const rows = runs.map(({ id, state, agent, subject, name, last, all }) => [
    id,
    state,
    shown(agent),
    shown(subject),
    shown(name),
    `${last.slice(0, 19)}Z`,
    String(all.runs),
    ...usedOf(all),
  ]);
  return columns([LIST_HEAD, ...rows], LIST_NUMBERS);
}

/** One line for each run below its parent, with what it used itself; for those with children also what all below it used. */
export function treeOf(runs: readonly RunView[]): string {
  const rows = drawn(runs).map(({ line, run }) => [
    line,
    run.id,
    shown(run.agent),
    run.state,
    ...usedOf(run.own),
    ...(run.all.runs > 1 ? [String(run.all.steps), moneyOf(run.all.money)] : []),
  ]);
  return columns([TREE_HEAD, ...rows], TREE_NUMBERS);
}

/** One line for each step, in the order in which they are given. */
export function stepsOf(steps: readonly StepView[]): string {
  const rows = steps.map(({ at, kind, resource, ok, code, tokens, money, ms }) => [
    at,
    kind,
    clipped(resource, RESOURCE_LENGTH_MAX),
    code ?? (ok ? 'ok' : 'failed'),
    tokens === undefined ? '-' : String(tokens),
    money === undefined ? '-' : moneyOf(money),
    ms === undefined ? '-' : String(ms),
  ]);
  return columns([STEP_HEAD, ...rows], STEP_NUMBERS);
}

/** `3 runs, 40 steps, 1200 tokens, 0.12 USD, 1 error` */
export function totalsOf({ runs, steps, tokens, money, errors }: RunView['all']): string {
  return `${many(runs, 'run')}, ${many(steps, 'step')}, ${many(tokens, 'token')}, ${moneyOf(money)}, ${many(errors, 'error')}`;
}

/** `killed by olga: it loops (person, 2026-01-31T12:00:00.000Z, on run_…)` */
export function stopOf({ state, by, because, cause, at, run, scope }: StopView): string {
  const where = run ?? (scope === '*' ? 'the tenant' : shown(scope ?? ''));
  return `${state} by ${shown(by)}: ${shown(because)} (${cause}, ${at}, on ${where})`;
}

function moneyOf(amount: number): string {
  return formatMoney(microUsd(amount));
}

/** Names come from clients: nothing in them moves a cursor or turns a line around. */
export function shown(text: string): string {
  return clipped(text, NAME_LENGTH_MAX);
}

/** The same in full. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '�');
}

function clipped(text: string, max: number): string {
  const line = plain(text);
  return line.length > max ? `${line.slice(0, max - 1)}…` : line;
}

export function many(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function usedOf({ steps, tokens, money, errors }: RunView['own']): readonly string[] {
  return [String(steps), String(tokens), moneyOf(money), String(errors)];
}

interface Drawn {
  readonly line: string;
  readonly run: RunView;
}

/** In the order in which a reader goes down a tree. No recursion: a chain may be as long as the tree is large. */
function drawn(runs: readonly RunView[]): readonly Drawn[] {
  const known = new Set(runs.map(({ id }) => id));
  const below = new Map<string | null, RunView[]>();
  for (const run of runs) {
    const parent = run.parent !== null && known.has(run.parent) ? run.parent : null;
    const siblings = below.get(parent);
    if (siblings) siblings.push(run);
    else below.set(parent, [run]);
  }
  for (const siblings of below.values()) siblings.sort(byBirth);
  const lines: Drawn[] = [];
  const open = (below.get(null) ?? []).toReversed().map((run) => ({ run, head: '', rest: '', indents: 0 }));
  for (let next = open.pop(); next; next = open.pop()) {
    const { run, head, rest, indents } = next;
    lines.push({ line: `${head}${shown(run.name) || '-'}`, run });
    const children = below.get(run.id) ?? [];
    const isDeep = indents >= INDENTS_MAX;
    for (const [index, child] of children.toReversed().entries()) {
      const isLast = index === 0;
      open.push({
        run: child,
        head: isDeep ? `${rest}… ` : `${rest}${isLast ? '└─ ' : '├─ '}`,
        rest: isDeep ? rest : `${rest}${isLast ? '   ' : '│  '}`,
        indents: indents + 1,
      });
    }
  }
  return lines;
}

function byBirth(one: RunView, other: RunView): number {
  if (one.born !== other.born) return one.born < other.born ? -1 : 1;
  return one.id < other.id ? -1 : 1;
}

/** Rows below each other; from the column `numbers` on they end below each other. */
export function columns(rows: readonly (readonly string[])[], numbers: number): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  }
  const lines = rows.map((row) => {
    const cells = row.map((cell, column) => {
      const width = widths[column] ?? 0;
      return column < numbers ? cell.padEnd(width) : cell.padStart(width);
    });
    return cells.join('  ').trimEnd();
  });
  return lines.join('\n');
}
