// `POST /api/runs/{id}/rollback`: what would be taken back of a run, and the taking back. Handlers that know no HTTP server.
import type { CallId, RunId } from '../core/ids.ts';
import type { Operator } from '../core/operator.ts';
import type { JournalEntry, JournalStore } from '../runs/journal.ts';
import type { JournalLeases } from '../runs/journal-leases.ts';
import {
  type PlanStep,
  planRollback,
  type ReportStep,
  type ResolvedUndo,
  type RollbackPlan,
  runRollback,
  type ToolOutcome,
} from '../runs/journal-rollback.ts';

/** What of an operator counts here. */
type Viewer = Pick<Operator, 'subject' | 'issuer' | 'roles' | 'tenants'>;

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

export interface RollbackApiSource {
  readonly store: JournalStore;
  readonly leases: JournalLeases;
  /** The root of a run; undefined where nobody knows the run. */
  readonly rootOf: (tenant: string, run: RunId) => Promise<RunId | undefined>;
  /** Makes a compensation as the operator, through the same policy, limits and audit as any call. */
  readonly callTool: (viewer: Viewer, tenant: string, undo: ResolvedUndo) => Promise<ToolOutcome>;
  /** Records the rollback before it is run. Rejects with `audit.unavailable`, and then it is not run. */
  readonly onAction: (action: {
    readonly operator: Pick<Operator, 'subject' | 'issuer'>;
    readonly action: 'rollback';
    readonly target: { readonly tenant: string; readonly run: string };
    readonly reason: string;
  }) => Promise<void>;
  /** A name that has never been used. */
  readonly newAttempt: () => string;
}

/** What an operator sees of a plan. The command line reads this shape. */
export interface PlanView {
  readonly run: string;
  readonly tenant: string;
  /** Of the plan: named in the order to run it, it must still be the same. */
  readonly plan: string;
  /** The newest first. */
  readonly steps: readonly PlanStepView[];
}

export interface PlanStepView extends Pick<PlanStep, 'step' | 'call' | 'resource' | 'kind'> {
  readonly undo?: { readonly tool: string; readonly args: Readonly<Record<string, unknown>> };
  readonly because?: string;
}

/** What became of it. */
export interface ReportView {
  readonly run: string;
  readonly tenant: string;
  /** Whether all that could be taken back by the plan has been. */
  readonly complete: boolean;
  readonly steps: readonly ReportStep[];
}

interface Order {
  readonly tenant: string;
  /** The newest step that stays as it is, or the call that is it; from the beginning where it is left out. */
  readonly to: number | string | undefined;
  readonly dryRun: boolean;
  readonly plan: string | undefined;
  readonly keepGoing: boolean;
  readonly reason: string;
}

const TYPES: Readonly<Record<keyof Order, readonly string[]>> = {
  tenant: ['string'],
  to: ['number', 'string', 'undefined'],
  dryRun: ['boolean', 'undefined'],
  plan: ['string', 'undefined'],
  keepGoing: ['boolean', 'undefined'],
  reason: ['string', 'undefined'],
};

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
    const steps = await runRollback(plan, {
      store: source.store,
      leases: source.leases,
      callTool: (undo) => source.callTool(viewer, order.tenant, undo),
      attempt: source.newAttempt(),
      keepGoing: order.keepGoing,
    });
    const wanted = new Set(plan.steps.filter(({ kind }) => kind === 'undo').map(({ step }) => step));
    const complete = steps.every(({ step, outcome }) => outcome === 'undone' || !wanted.has(step));
    return { status: 200, body: { ...about, complete, steps } satisfies ReportView };
  };
}

function readOrder(body: unknown): Order | string {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return 'expected a body: a JSON object';
  const fields = body as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(fields).find((name) => !Object.hasOwn(TYPES, name));
  if (unknown !== undefined) return `expected ${Object.keys(TYPES).join(', ')}, not \`${unknown.slice(0, 100)}\``;
  for (const [name, types] of Object.entries(TYPES)) {
    if (!types.includes(typeof fields[name])) return `expected \`${name}\` to be ${types[0]}`;
  }
  const { dryRun = false, keepGoing = false, reason = 'rollback' } = fields;
  return { ...fields, dryRun, keepGoing, reason } as Order;
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

function viewOf({ id, steps }: RollbackPlan, about: Pick<PlanView, 'run' | 'tenant'>): PlanView {
  return { ...about, plan: id, steps: steps.map(stepView) };
}

function stepView(planned: PlanStep): PlanStepView {
  const { step, call, resource, kind } = planned;
  const view = { step, call, resource, kind };
  if (planned.kind === 'cannot') return { ...view, because: planned.because };
  if (planned.kind === 'undone') return view;
  return { ...view, undo: { tool: planned.undo.tool, args: planned.undo.args } };
}

function problem(status: number, title: string, detail: string): RollbackReply {
  return { status, body: { type: 'about:blank', title, status, detail } };
}
