// A store of runs in this process, which tests fill by hand and may have fail.
import { GatewayError } from '../../src/core/errors.ts';
import type { RunId } from '../../src/core/ids.ts';
import { NEW_TREE, type RunRecord, type Stop, type TreeFacts } from '../../src/core/run.ts';
import type { RunStore } from '../../src/runs/store.ts';

export interface HandStore extends RunStore {
  /** Puts a run, or another state of it. */
  put(tenant: string, run: RunRecord, labels?: readonly string[]): void;
  /** What is stopped by scope of the tenant. */
  scopes(tenant: string): ReadonlyMap<string, Stop>;
  /** Told of each change, in order. */
  readonly written: string[];
  /** Tenants that do not answer. */
  readonly down: Set<string>;
}

interface Tenant {
  readonly runs: Map<RunId, RunRecord>;
  readonly stops: Map<RunId, Stop>;
  readonly tenantStops: Map<string, Stop>;
  readonly labels: Set<string>;
}

export function handStore(): HandStore {
  const tenants = new Map<string, Tenant>();
  const written: string[] = [];
  const down = new Set<string>();
  function of(name: string): Tenant {
    if (down.has(name)) throw new GatewayError('limit.unavailable', 'the store does not answer; try again shortly');
    const tenant = tenants.get(name) ?? {
      runs: new Map(),
      stops: new Map(),
      tenantStops: new Map(),
      labels: new Set(),
    };
    tenants.set(name, tenant);
    return tenant;
  }
  function factsOf(name: string): TreeFacts {
    const { stops, tenantStops, labels } = of(name);
    return {
      ...NEW_TREE,
      revision: 1,
      stops: new Map(stops),
      tenantStops: new Map(tenantStops),
      labels: new Set(labels),
    };
  }
  return {
    written,
    down,
    put(tenant, run, labels = []) {
      of(tenant).runs.set(run.id, run);
      for (const label of labels) of(tenant).labels.add(label);
    },
    scopes: (tenant) => of(tenant).tenantStops,
    open: async (tenant, { id }) => ({ path: of(tenant).runs.get(id)?.path, tree: factsOf(tenant) }),
    changes: async () => new Map(),
    async stop(target, stop) {
      const { runs, stops, tenantStops } = of(target.tenant);
      written.push(`${target.tenant} ${'run' in target ? target.run : target.scope} ${stop?.state ?? 'live'}`);
      if ('scope' in target) {
        if (stop) tenantStops.set(target.scope, stop);
        else return tenantStops.delete(target.scope);
        return true;
      }
      if (!runs.has(target.run) || (!stop && stops.get(target.run)?.state === 'killed')) return false;
      if (stop) stops.set(target.run, stop);
      else stops.delete(target.run);
      return true;
    },
    run: async (tenant, id) => of(tenant).runs.get(id),
    tree: async (tenant, root) => ({
      runs: [...of(tenant).runs.values()]
        .filter((run) => run.root === root)
        .sort((one, other) => one.depth - other.depth),
      facts: factsOf(tenant),
    }),
    roots: async (tenant, { from, count }) =>
      [...of(tenant).runs.values()]
        .filter(({ depth }) => depth === 0)
        .sort((one, other) => other.lastMs - one.lastMs)
        .slice(from, from + count),
    tenants: async () => [...tenants.keys()].filter((name) => name !== '*'),
  };
}
