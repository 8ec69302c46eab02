// `POST /api/runs/{id}/rollback`: what would be taken back of a run, and the taking back. Handlers that know no HTTP server.
import type { CallId, RunId } from '../core/ids.ts';
import type { JournalEntry, JournalStore } from '../runs/journal.ts';
import type { JournalLeases } from '../runs/journal-leases.ts';
import { planRollback, type ResolvedUndo } from '../runs/journal-plan.ts';
import { runRollback, type ToolOutcome } from '../runs/journal-rollback.ts';
import { type Order, readOrder } from './rollback-order.ts';
import { type ReportView, viewOf } from './rollback-view.ts';

/** What of an operator counts here. */
export interface Viewer {
  readonly subject: string;
  readonly issuer: string;
  readonly roles: readonly string[];
  readonly tenants: readonly string[] | '*';
}

export interface RollbackRequest {
  readonly viewer: Viewer;
  /** The run, as the path has it. */
  readonly run: string;
  readonly method: string;
  readonly body: unknown;
}

export interface RollbackReply {
  readonly status: number;
  /** Of a status of 400 and more a problem (RFC 9457). */
  readonly body: unknown;
}

/** For whom compensations are made, and in which rollback. */
export interface Compensating {
  readonly viewer: Viewer;
  readonly tenant: string;
  /** The run that is taken back. */
  readonly run: string;
  readonly attempt: string;
}

export interface RollbackApiSource {
  readonly store: JournalStore;
  readonly leases: JournalLeases;
  /** The root of a run; undefined where nobody knows the run. */
  readonly rootOf: (tenant: string, run: RunId) => Promise<RunId | undefined>;
  /** Makes a compensation as the operator, through the same policy, limits and audit as any call. */
  readonly callTool: (undo: ResolvedUndo, as: Compensating) => Promise<ToolOutcome>;
  /** Records the rollback before it is run. Rejects with `audit.unavailable`, and then it is not run. */
  readonly onAction: (action: {
    readonly operator: Pick<Viewer, 'subject' | 'issuer'>;
    readonly action: 'rollback';
    readonly target: { readonly tenant: string; readonly run: string };
    readonly reason: string;
  }) => Promise<void>;
  /** A name that has never been used. */
  readonly newAttempt: () => string;
}

/** Handles a rollback. Rejects with a `GatewayError` where the store or the audit does not answer. */
export function rollbackApi(source: RollbackApiSource): (request: RollbackRequest) => Promise<RollbackReply> {
  return async function handle({ viewer, run, method, body }) {
    if (method !== 'POST') return problem(405, 'route.method', 'expected POST here');
    const order = readOrder(body);
    if (typeof order === 'string') return problem(400, 'request.invalid', order);
    const refusal = mayNot(viewer, order.tenant);
    if (refusal) return refusal;
    const root = await source.rootOf(order.tenant, run as RunId);
    if (root === undefined) return problem(404, 'run.unknown', `there is no run \`${run}\` in \`${order.tenant}\``);
    const entries = await source.store.entries(order.tenant, root);
    const toStep = stepOf(entries, order.to);
    if (toStep === undefined) {
      return problem(
        404,
        'journal.step',
        `no journaled call of the run is \`${order.to}\`; a dry run lists those there are`,
      );
    }
    const plan = planRollback(entries, { run: run as RunId, toStep });
    const about = { run, tenant: order.tenant };
    if (order.dryRun) return { status: 200, body: viewOf(plan, about) };
    if (order.plan !== undefined && order.plan !== plan.id) {
      return problem(
        409,
        'journal.moved',
        'the run has gone on since this plan was made; make a new one and look at it',
      );
    }
    const operator = { subject: viewer.subject, issuer: viewer.issuer };
    await source.onAction({ operator, action: 'rollback', target: about, reason: order.reason });
    const attempt = source.newAttempt();
    const steps = await runRollback(plan, {
      store: source.store,
      leases: source.leases,
      callTool: (undo) => source.callTool(undo, { viewer, ...about, attempt }),
      attempt,
      keepGoing: order.keepGoing,
    });
    const wanted = new Set(plan.steps.filter(({ kind }) => kind === 'undo').map(({ step }) => step));
    const complete = steps.every(({ step, outcome }) => outcome === 'undone' || !wanted.has(step));
    return { status: 200, body: { ...about, complete, steps } satisfies ReportView };
  };
}

function mayNot({ roles, tenants }: Viewer, tenant: string): RollbackReply | undefined {
  if (!roles.includes('operator')) return problem(403, 'admin.role', 'this takes the role `operator`');
  if (tenants === '*' || tenants.includes(tenant)) return undefined;
  return problem(403, 'admin.tenant', `your token is not for the tenant \`${tenant}\`; name one of yours`);
}

function stepOf(entries: readonly JournalEntry[], to: Order['to']): number | undefined {
  if (to === undefined) return 0;
  if (typeof to === 'number') return Number.isSafeInteger(to) && to >= 0 ? to : undefined;
  return entries.find(({ place }) => place.call === (to as CallId))?.step;
}

function problem(status: number, title: string, detail: string): RollbackReply {
  return { status, body: { type: 'about:blank', title, status, detail } };
}
