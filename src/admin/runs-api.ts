// `/api/runs`: what runs there are, and the switches of each.
import { randomUUID } from 'node:crypto';
import type { RunId } from '../core/ids.ts';
import type { RunRecord, Stop } from '../core/run.ts';
import type { RunStore } from '../runs/store.ts';
import type { TimelineStore } from '../runs/timeline.ts';
import { type SeenRun, seenTree } from '../runs/tree-totals.ts';
import {
  type AdminHandler,
  type AdminReply,
  type AdminRequest,
  demandMethod,
  demandRank,
  demandTenant,
  Refused,
  unknownPath,
} from './exchange.ts';
import { readBody, readQuery, tenantOf } from './read.ts';
import { type RollbackApiSource, rollbackApi } from './rollback-api.ts';
import { runView, type RunView } from './run-view.ts';
import { listQuery, runChange, showQuery, tenantQuery } from './schema.ts';
import { type StepView, stepView } from './step-view.ts';
import type { StopSource } from './stop-source.ts';
import { isVerb, switchRun } from './switch-run.ts';

/** Roots that one list looks at, however few of them are in the state that is asked for. */
const LOOKED_AT_MAX = 500;
/** Anything else names no run, and need not be looked up. */
const ID = /^[\w.:-]{1,128}$/;

export interface RunsSource extends StopSource {
  /** What runs did; without it none is told of. */
  readonly timeline?: Pick<TimelineStore, 'read'>;
  /** What takes journaled calls back; without it the path is unknown. */
  readonly rollback?: Pick<RollbackApiSource, 'store' | 'leases' | 'callTool'>;
}

/** Handles what is below `/api/runs`, but for the feed. */
export function runsApi(source: RunsSource): AdminHandler {
  const { store } = source;
  return async function handle(request) {
    const [id, part, ...more] = request.path;
    if (more.length > 0) unknownPath();
    if (part !== undefined && isVerb(part)) {
      demandMethod(request, 'POST');
      demandRank(request.viewer, 'operator');
      const { tenant: named, reason } = readBody(runChange, request);
      const tenant = tenantOf(request, named);
      demandTenant(request.viewer, tenant);
      const record = await findRun(store, tenant, id ?? '');
      return switchRun(source, { tenant, record, verb: part, reason, viewer: request.viewer });
    }
    if (part === 'rollback' && source.rollback) return takeBack(source, source.rollback, request);
    if (part !== undefined && part !== 'tree') unknownPath();
    demandMethod(request, 'GET');
    if (id === undefined) return list(store, request);
    return part === undefined ? show(source, request, id) : tree(store, request, id);
  };
}

/** The run of that id. Throws 404. */
export async function findRun(store: RunStore, tenant: string, id: string): Promise<RunRecord> {
  const record = ID.test(id) ? await store.run(tenant, id as RunId) : undefined;
  if (record) return record;
  throw new Refused(
    404,
    'run.unknown',
    `there is no run \`${id.slice(0, 128)}\` in the tenant \`${tenant}\`; \`waygate runs list\` shows those there are`,
  );
}

async function list(store: RunStore, request: AdminRequest): Promise<AdminReply> {
  const { state, limit, from, tenant: named } = readQuery(listQuery, request);
  const tenant = tenantOf(request, named);
  demandTenant(request.viewer, tenant);
  const everything = await store.everything();
  const runs: RunView[] = [];
  let next: number | null = from;
  while (next !== null && runs.length < limit && next - from < LOOKED_AT_MAX) {
    const roots: readonly RunRecord[] = await store.roots(tenant, { from: next, count: limit });
    let looked = 0;
    for (const root of roots) {
      if (runs.length === limit) break;
      // One tree at a time: each may have thousands of runs.
      const seen = await seenRoot(store, tenant, { root, everything });
      if (state === undefined || seen.state === state) runs.push(runView(tenant, seen));
      looked += 1;
    }
    next = looked === roots.length && roots.length < limit ? null : next + looked;
  }
  return { status: 200, body: { tenant, runs, next } };
}

async function seenRoot(
  store: RunStore,
  tenant: string,
  { root, everything }: { readonly root: RunRecord; readonly everything: Stop | undefined },
): Promise<SeenRun> {
  const { runs, facts } = await store.tree(tenant, root.id);
  const [first] = seenTree({ runs: runs.length > 0 ? runs : [root], facts, everything });
  return first as SeenRun;
}

/** The run, its children, and the newest of its steps, the oldest of them first. */
export interface ShownRun extends RunView {
  readonly children: readonly RunView[];
  readonly steps: readonly StepView[];
}

async function show({ store, timeline }: RunsSource, request: AdminRequest, id: string): Promise<AdminReply> {
  const { steps: count, tenant: named } = readQuery(showQuery, request);
  const { tenant, seen } = await seenBelow(store, { request, named, id });
  const [run, ...below] = seen.map((one) => runView(tenant, one));
  const steps = (await timeline?.read(tenant, id as RunId, count)) ?? [];
  const told = { children: below.filter(({ parent }) => parent === id), steps: steps.toSorted(byTime).map(stepView) };
  return { status: 200, body: { ...run, ...told } };
}

function byTime(one: { readonly at: number }, other: { readonly at: number }): number {
  return one.at - other.at;
}

/** The tenant may be left out, as everywhere here. */
function takeBack(
  { store, onAction }: RunsSource,
  rollback: NonNullable<RunsSource['rollback']>,
  request: AdminRequest,
): Promise<AdminReply> {
  const { viewer, method, path, body } = request;
  const run = path[0] ?? '';
  const isOrder = typeof body === 'object' && body !== null && !('tenant' in body);
  return rollbackApi({
    ...rollback,
    onAction,
    rootOf: async (tenant, id) => (ID.test(id) ? (await store.run(tenant, id))?.root : undefined),
    newAttempt: randomUUID,
  })({ viewer, run, method, body: isOrder ? { ...body, tenant: tenantOf(request, undefined) } : body });
}

async function tree(store: RunStore, request: AdminRequest, id: string): Promise<AdminReply> {
  const { tenant: named } = readQuery(tenantQuery, request);
  const { tenant, seen } = await seenBelow(store, { request, named, id });
  return { status: 200, body: { tenant, runs: seen.map((one) => runView(tenant, one)) } };
}

/** A run and those below it, that run first. */
async function seenBelow(
  store: RunStore,
  { request, named, id }: { readonly request: AdminRequest; readonly named: string | undefined; readonly id: string },
): Promise<{ readonly tenant: string; readonly seen: readonly SeenRun[] }> {
  const tenant = tenantOf(request, named);
  demandTenant(request.viewer, tenant);
  const record = await findRun(store, tenant, id);
  const [told, everything] = await Promise.all([store.tree(tenant, record.root), store.everything()]);
  return { tenant, seen: seenTree({ ...told, everything }, record.id) };
}
