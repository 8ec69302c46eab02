// `/api/stops`: stops of a tenant, of an agent in it, or of everything. `/api/tenants`: whom they can be for.
import { isOver, type Operator } from '../core/operator.ts';
import type { RunId } from '../core/ids.ts';
import type { Stop } from '../core/run.ts';
import { EVERYTHING, type RunStore } from '../runs/store.ts';
import { outranks } from '../runs/tree-totals.ts';
import {
  type AdminHandler,
  type AdminReply,
  demandMethod,
  demandRank,
  demandTenant,
  Refused,
  unknownPath,
} from './exchange.ts';
import { readBody, readQuery, tenantOf } from './read.ts';
import { stopView } from './run-view.ts';
import { type StopOrder, stopLift, stopOrder, tenantQuery } from './schema.ts';
import type { StopSource } from './stop-source.ts';

/** Tenants that are written at once. */
const AT_ONCE = 16;
/** Tells of a tenant's stops; no run is ever called so. */
const NOBODY = 'run_none' as RunId;
const ACTIONS = { paused: 'pause', draining: 'drain', killed: 'kill' } as const;

/** What became of a stop, or of its end. */
export interface StopsView {
  readonly tenant: string;
  readonly scope: string;
  /** Tenants for which it was written. */
  readonly tenants: number;
  /** From the request to the store's last acknowledgement. */
  readonly tookMs: number;
}

export function tenantsApi({ store }: Pick<StopSource, 'store'>): AdminHandler {
  return async function handle(request) {
    if (request.path.length > 0) unknownPath();
    demandMethod(request, 'GET');
    const tenants = (await store.tenants()).filter((tenant) => isOver(request.viewer, tenant));
    return { status: 200, body: { tenants: tenants.toSorted() } };
  };
}

export function stopsApi(source: StopSource): AdminHandler {
  return async function handle(request) {
    if (request.path.length > 0) unknownPath();
    demandMethod(request, 'GET', 'POST', 'DELETE');
    const { viewer, method } = request;
    if (method === 'GET') {
      const tenant = tenantOf(request, readQuery(tenantQuery, request).tenant);
      demandTenant(viewer, tenant);
      return list(source.store, tenant);
    }
    demandRank(viewer, 'operator');
    const order =
      method === 'POST' ? readBody(stopOrder, request) : { ...readBody(stopLift, request), state: undefined };
    demandTenant(viewer, order.tenant);
    return write(source, order, viewer);
  };
}

async function list(store: RunStore, tenant: string): Promise<AdminReply> {
  const [everything, own] = await Promise.all([store.everything(), stopsOfTenant(store, tenant)]);
  const all = everything ? [['everything', everything] as const, ...own] : [...own];
  const stops = all.map(([scope, stop]) => stopView({ on: { scope }, stop }));
  return { status: 200, body: { tenant, stops } };
}

async function stopsOfTenant(store: RunStore, tenant: string): Promise<ReadonlyMap<string, Stop>> {
  return (await store.open(tenant, { id: NOBODY, root: NOBODY, parent: undefined })).tree.tenantStops;
}

type Order = Omit<StopOrder, 'state'> & { readonly state: StopOrder['state'] | undefined };

/** Records the order, writes it for every tenant that it is for, and only then says that it was. */
async function write(source: StopSource, order: Order, viewer: Operator): Promise<AdminReply> {
  const { store, clock, onAction } = source;
  const { tenant, scope, state, reason } = order;
  const beganMs = clock.now();
  await onAction({
    operator: { subject: viewer.subject, issuer: viewer.issuer },
    action: state ? ACTIONS[state] : 'resume',
    target: { tenant, scope },
    reason,
  });
  const stop: Stop | undefined = state && {
    state,
    cause: 'person',
    by: viewer.subject,
    because: reason,
    atMs: clock.now(),
  };
  const tenants = await writeAll(store, { tenant, scope }, stop);
  const view: StopsView = { tenant, scope, tenants, tookMs: clock.now() - beganMs };
  return { status: 200, body: view };
}

interface Target {
  readonly tenant: string;
  readonly scope: string;
}

/** How many tenants it was written for. Throws where that is not each of them. */
async function writeAll(store: RunStore, { tenant, scope }: Target, stop: Stop | undefined): Promise<number> {
  if (tenant !== '*') {
    await writeOne(store, { tenant, scope }, stop);
    return 1;
  }
  // First for all: a tenant that comes after the list below finds it. No agent is stopped in tenants that are yet to come.
  if (scope === '*' && !isWeaker(await store.everything(), stop)) {
    await store.stop({ tenant: EVERYTHING, scope }, stop);
  }
  const tenants = await store.tenants();
  const failed: string[] = [];
  for (let at = 0; at < tenants.length; at += AT_ONCE) {
    const some = tenants.slice(at, at + AT_ONCE);
    const ends = await Promise.allSettled(some.map((one) => writeUnlessStronger(store, { tenant: one, scope }, stop)));
    failed.push(...some.filter((_, index) => ends[index]?.status === 'rejected'));
  }
  if (failed.length > 0) throw unfinished(tenants.length, failed);
  return tenants.length;
}

/** Throws 409 where a stronger stop stands, or where there is nothing to lift. */
async function writeOne(store: RunStore, { tenant, scope }: Target, stop: Stop | undefined): Promise<void> {
  const [everything, standing] = await Promise.all([store.everything(), stopsOfTenant(store, tenant)]);
  const own = standing.get(scope);
  if (isWeaker(own, stop)) throw stronger(tenant, scope);
  if (!stop && scope === '*' && everything) throw stopped(everything);
  if (!stop && !own) throw notLifted(tenant, scope);
  await store.stop({ tenant, scope }, stop);
}

async function writeUnlessStronger(store: RunStore, target: Target, stop: Stop | undefined): Promise<void> {
  const standing = (await stopsOfTenant(store, target.tenant)).get(target.scope);
  if (!isWeaker(standing, stop)) await store.stop(target, stop);
}

/** Whether a stop would weaken the one that stands, which no later one does. */
function isWeaker(standing: Stop | undefined, stop: Stop | undefined): boolean {
  return standing !== undefined && stop !== undefined && outranks(standing, stop);
}

function stopped({ state, by }: Stop): Refused {
  const detail = `everything is ${state}, by \`${by}\`; lift that, with the tenant \`*\``;
  return new Refused(409, 'stop.everything', detail);
}

function stronger(tenant: string, scope: string): Refused {
  const detail = `a stronger stop of \`${scope}\` stands in the tenant \`${tenant}\`; lift that first`;
  return new Refused(409, 'stop.stronger', detail);
}

function notLifted(tenant: string, scope: string): Refused {
  return new Refused(
    409,
    'stop.unknown',
    `there is no stop of \`${scope}\` in the tenant \`${tenant}\`; \`GET /api/stops\` shows those there are`,
  );
}

function unfinished(count: number, failed: readonly string[]): Refused {
  const named = failed.slice(0, 10).map((tenant) => `\`${tenant}\``);
  return new Refused(
    503,
    'limit.unavailable',
    `the store took it for ${count - failed.length} of ${count} tenants, not for ${named.join(', ')}${failed.length > 10 ? ' and others' : ''}; send it again until it is taken for all`,
  );
}
