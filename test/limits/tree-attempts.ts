// A tree of three levels, and calls in it that compete for its budgets: what the tests of tree budgets let loose on a store.
import type { PermittedCall } from '../../src/core/call.ts';
import type { Quota } from '../../src/core/quota.ts';
import type { Run } from '../../src/core/run.ts';
import type { Charge } from '../../src/core/usage.ts';
import type { Random } from '../support/random.ts';
import { childRun, rootRun } from '../support/runs.ts';
import { charge, permitted, quota } from './calls.ts';

export const TREE_UNITS = 1_000;
export const KEPT_UNITS = 40;
export const SCOUT_UNITS = 200;

const LIFE = { kind: 'life' } as const;
const budget = (parts: Partial<Quota>): Quota =>
  quota({ kind: 'budget', unit: 'tokens', amount: TREE_UNITS, window: LIFE, ...parts });

/** Of the whole tree, with a part that is kept for the last word. */
export const TREE = budget({ id: 'swarm/tree', per: ['run.root'], keptForFinal: KEPT_UNITS });
/** Of every run with all below it: the root's own counts what all spend, so it binds as the tree's does. */
export const NODE = budget({ id: 'swarm/node', per: ['run'] });
/** Of the scouts alone, by every run above them. */
export const SCOUTS = budget({ id: 'swarm/scouts', per: ['run'], amount: SCOUT_UNITS });
/** Never reached: it counts. */
export const STEPS = quota({
  id: 'swarm/steps',
  kind: 'steps',
  unit: 'requests',
  amount: 100_000,
  window: LIFE,
  per: ['run.root'],
});

const BRANCHES = 3;
const LEAVES = 4;

/** A root, its branches and their leaves, parents first. */
export function threeLevels(name: string): readonly Run[] {
  const root = rootRun(`run_${name}`);
  const branches = Array.from({ length: BRANCHES }, (_, branch) => childRun(root, `${root.id}_${branch}`));
  const leaves = branches.flatMap((branch) =>
    Array.from({ length: LEAVES }, (_, leaf) => childRun(branch, `${branch.id}_${leaf}`)),
  );
  return [root, ...branches, ...leaves];
}

export interface Attempt {
  readonly call: PermittedCall;
  readonly quote: Charge;
  readonly isFinal: boolean;
  readonly isScout: boolean;
}

export interface AttemptParts {
  readonly tenant: string;
  readonly run: Run;
  readonly units: number;
  readonly isFinal: boolean;
  readonly isScout: boolean;
}

/** A model's call that asks for so many tokens, and as many micro-USD. */
export function attempt({ tenant, run, units, isFinal, isScout }: AttemptParts): Attempt {
  const quotas = isScout ? [TREE, NODE, SCOUTS, STEPS] : [TREE, NODE, STEPS];
  const made = permitted({ tenant, quotas, agent: isScout ? 'scout' : 'ci' });
  const access = { ...made.access, run, ...(isFinal && { isFinal }) };
  return { call: { ...made, access }, quote: charge(units, units), isFinal, isScout };
}

export interface Crowd {
  readonly tenant: string;
  readonly runs: readonly Run[];
  readonly count: number;
  readonly unitsMax: number;
  readonly random: Random;
}

/** Calls all over the tree: half of them scouts, one in ten a last word, in the order that the seed chooses. */
export function crowd({ tenant, runs, count, unitsMax, random }: Crowd): readonly Attempt[] {
  return Array.from({ length: count }, () => {
    const kind = random.next();
    const run = runs[random.between(0, runs.length - 1)] as Run;
    const units = random.between(1, unitsMax);
    return attempt({ tenant, run, units, isFinal: kind >= 0.9, isScout: kind < 0.5 });
  });
}
