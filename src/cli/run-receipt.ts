// What a run came to, as text. Pure.
import type { RunView } from '../admin/run-view.ts';
import { formatMoney, microUsd } from '../core/money.ts';
import type { AuditedTree, Tally } from './run-audit.ts';
import { many, shown, treeOf } from './runs-table.ts';

export interface Receipt {
  readonly run: string;
  readonly title: string;
  readonly code: number;
  readonly tookMs: number;
  /** As `5 USD`; undefined without one. */
  readonly budget: string | undefined;
  /** Who ended the run before the program had ended; undefined where it ended with its program. */
  readonly over: string | undefined;
  /** The run and all below it; undefined where the operators' API is not at hand. */
  readonly tree: readonly RunView[] | undefined;
  /** Undefined where the audit is not on this machine. */
  readonly audited: AuditedTree | undefined;
}

/** `0.12 USD of 5 USD, 14 steps` */
export function spendingOf({ all }: Pick<RunView, 'all'>, budget: string | undefined): string {
  const spent = formatMoney(microUsd(all.money));
  return `${spent}${budget === undefined ? '' : ` of ${budget}`}, ${many(all.steps, 'step')}`;
}

export function receiptOf({ run, title, code, tookMs, budget, over, tree, audited }: Receipt): string {
  const [top] = tree ?? [];
  const seconds = Math.round(tookMs / 1_000);
  const ended = `${title} ended with ${code} after ${many(seconds, 'second')}; its run was ${run}`;
  const head = over === undefined ? ended : `${ended}, ${over}`;
  if (!top || !tree) return [head, ...auditLines(audited)].join('\n');
  const { runs, tokens, errors, calls } = top.all;
  return [
    head,
    '',
    treeOf(over === undefined ? tree.map((one) => asEnded(one, run)) : tree),
    '',
    `money    ${spendingOf(top, budget)}, ${many(tokens, 'token')}`,
    `runs     ${runs}, with ${many(errors, 'error')}`,
    `calls    ${listed(calls)}`,
    ...auditLines(audited),
  ].join('\n');
}

/** What ended with its program was killed by nobody, though the end of its key stops it the same way. */
function asEnded(view: RunView, run: string): RunView {
  return view.stops[0]?.run === run ? { ...view, state: 'done' } : view;
}

function auditLines(audited: AuditedTree | undefined): readonly string[] {
  if (!audited) return ['tools    the audit that knows them is not on this machine', 'refused  the same'];
  return [`tools    ${listed(audited.tools)}`, `refused  ${listed(audited.refused)}`];
}

/** The most first. */
function listed(tally: Tally): string {
  const entries = Object.entries(tally).sort(([, one], [, other]) => other - one);
  return entries.map(([name, count]) => `${shown(name)} ${count}`).join(', ') || '-';
}
