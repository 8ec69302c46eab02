// Taking a run back: shows what would be done, and does it when told to.
import type { PlanStepView, PlanView, ReportView } from '../admin/rollback-view.ts';
import { adminClient, type AdminOptions } from './admin-client.ts';
import { type ExitCode, type Output, UsageError } from './output.ts';
import { pathOf } from './runs.ts';
import { plain } from './runs-table.ts';

export interface RollbackOptions {
  readonly run: string;
  /** That of the token unless said, else `default`. */
  readonly tenant?: string;
  /** The newest step that stays, or its call; all of the run is taken back unless said. */
  readonly to?: string;
  /** Do it, instead of showing what would be done. */
  readonly yes?: true;
  /** Go on with older calls where a newer one cannot be taken back. */
  readonly keepGoing?: true;
  readonly reason?: string;
  readonly json?: true;
}

/** Sends JSON to a path of the operators' API. */
export type AskOperators = (
  path: string,
  body: Readonly<Record<string, unknown>>,
) => Promise<{ readonly status: number; readonly body: unknown }>;

/** A rollback makes its calls one by one, and each may wait for room. */
const ANSWER_MS = 600_000;

/** Asks the gateway that the options name. */
export async function rollbackThere(options: RollbackOptions & AdminOptions, output: Output): Promise<ExitCode> {
  const client = await adminClient(options, 'operator', ANSWER_MS);
  return rollback(options, output, async (path, body) => ({
    status: 200,
    body: await client.call('POST', path, body),
  }));
}

/** Ends in 0 where all that was to be taken back is, and also where that was only shown. */
export async function rollback(options: RollbackOptions, output: Output, ask: AskOperators): Promise<ExitCode> {
  const { run, tenant, to, keepGoing, reason } = options;
  if (to === '') throw new UsageError('expected `--to STEP`: a number, or the id of a call');
  const path = `${pathOf(run)}/rollback`;
  const range = {
    ...(tenant !== undefined && { tenant }),
    ...(to !== undefined && { to: /^\d+$/.test(to) ? Number(to) : to }),
  };
  const plan = taken(await ask(path, { ...range, dryRun: true })) as PlanView;
  const undos = plan.steps.filter(({ kind }) => kind === 'undo').length;
  if (!options.yes || undos === 0) {
    if (options.json) output.print(JSON.stringify(plan));
    else for (const step of plan.steps) output.print(plain(planLine(step)));
    output.say(nextOf(run, { undos, all: plan.steps.length }));
    return 0;
  }
  const order = { ...range, plan: plan.plan, ...(keepGoing && { keepGoing }), ...(reason !== undefined && { reason }) };
  const report = taken(await ask(path, order)) as ReportView;
  if (options.json) output.print(JSON.stringify(report));
  else for (const step of report.steps) output.print(plain(reportLine(step)));
  const undone = report.steps.filter(({ outcome }) => outcome === 'undone').length;
  output.say(`${undone} of ${report.steps.length} journaled calls are taken back`);
  if (!report.complete) output.say('the same command goes on where this one stopped; nothing is taken back twice');
  return report.complete ? 0 : 1;
}

function taken({ status, body }: { readonly status: number; readonly body: unknown }): unknown {
  if (status < 400) return body;
  const detail = typeof body === 'object' && body !== null && 'detail' in body ? String(body.detail) : '';
  throw new Error(detail || `the operators’ API answered with ${status}`);
}

function planLine({ step, resource, kind, undo, because }: PlanStepView): string {
  const what = `${String(step).padStart(5)}  ${resource}`;
  switch (kind) {
    case 'undo':
      return `${what}  ← ${undo?.tool} ${JSON.stringify(undo?.args)}`;
    case 'undone':
      return `${what}  taken back before`;
    case 'cannot':
      return `${what}  stays: ${because}`;
    default:
      return kind satisfies never;
  }
}

function reportLine({ step, resource, outcome, because }: ReportView['steps'][number]): string {
  const word = { undone: 'taken back', kept: 'stays', unknown: 'unknown' }[outcome];
  return `${String(step).padStart(5)}  ${resource}  ${word}${because === undefined ? '' : `: ${because}`}`;
}

function nextOf(run: string, { undos, all }: { readonly undos: number; readonly all: number }): string {
  if (all === 0) return `the journal has no call of \`${run}\` to take back`;
  if (undos === 0) return `none of these ${all} calls can be taken back`;
  return `${undos} of ${all} calls would be taken back, the newest first; \`--yes\` does it`;
}
