// The runs in memory, which tests fill with what they want told, and may have fail.
import { GatewayError } from '../../src/core/errors.ts';
import type { RunAdmission } from '../../src/core/run-book.ts';
import type { Action } from '../../src/core/access.ts';
import type { RunId } from '../../src/core/ids.ts';
import { NEW_TREE, type RunRecord, type Stop } from '../../src/core/run.ts';
import { microUsd, NO_MONEY } from '../../src/core/money.ts';
import { memoryRuns } from '../../src/runs/memory.ts';
import type { RunStore } from '../../src/runs/store.ts';

export interface HandStore extends RunStore {
  /** Has calls made until the run is as told; what it used only grows. Its steps are of the action `model.generate` unless told. */
  put(tenant: string, run: RunRecord, labels?: readonly string[]): void;
  /** Stops of a tenant by scope. */
  scopes(tenant: string): Promise<ReadonlyMap<string, Stop>>;
  /** Told of each stop, in order. */
  readonly written: string[];
  /** Tenants that do not answer. */
  readonly down: Set<string>;
}

export function handStore(): HandStore {
  const runs = memoryRuns();
  const written: string[] = [];
  const down = new Set<string>();
  const records = new Map<string, RunRecord>();
  async function answer<T>(tenant: string, ask: () => Promise<T>): Promise<T> {
    if (down.has(tenant)) throw new GatewayError('limit.unavailable', 'the store does not answer; try again shortly');
    return ask();
  }
  return {
    written,
    down,
    put(tenant, run, labels = []) {
      const book = runs.bookOf(tenant);
      const key = `${tenant} ${run.id}`;
      const before = records.get(key) ?? { ...run, steps: 0, calls: {}, tokens: 0, money: 0, errors: 0 };
      const { agent, subject } = run;
      const facts = { quote: { tokens: 0, money: NO_MONEY }, labels, counts: [], adds: [] };
      const call = (action: Action): RunAdmission => ({
        run: { ...run, tree: NEW_TREE },
        agent,
        subject,
        action,
        ...facts,
      });
      const named = Object.entries(run.calls).flatMap(([action, count]) =>
        Array<Action>(count - (before.calls[action] ?? 0)).fill(action as Action),
      );
      const rest = run.steps - before.steps - named.length;
      for (const [index, action] of [...named, ...Array<Action>(rest).fill('model.generate')].entries()) {
        book.enter(call(action), records.has(key) || index > 0 ? run.lastMs : run.bornMs);
      }
      const used = { tokens: run.tokens - before.tokens, money: microUsd(run.money - before.money) };
      book.settle(call('model.generate'), { charge: used, isError: run.errors > before.errors }, run.lastMs);
      records.set(key, run);
    },
    open: (tenant, run) => answer(tenant, () => runs.open(tenant, run)),
    changes: (tenant, known) => answer(tenant, () => runs.changes(tenant, known)),
    stop(target, stop) {
      const { tenant } = target;
      return answer(tenant, () => {
        written.push(`${tenant} ${'run' in target ? target.run : target.scope} ${stop?.state ?? 'live'}`);
        return runs.stop(target, stop);
      });
    },
    async scopes(tenant) {
      const id = 'run_none' as RunId;
      return (await runs.open(tenant, { id, root: id, parent: undefined })).tree.tenantStops;
    },
    everything: () => runs.everything(),
    run: (tenant, id) => answer(tenant, () => runs.run(tenant, id)),
    tree: (tenant, root) => answer(tenant, () => runs.tree(tenant, root)),
    roots: (tenant, page) => answer(tenant, () => runs.roots(tenant, page)),
    tenants: () => runs.tenants(),
  };
}
