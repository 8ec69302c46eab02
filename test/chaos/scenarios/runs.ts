// F-T: a tree of runs whose calls go through gateways that die and a Redis whose replies are lost.
import { namedPath } from '../../../src/runs/lineage.ts';
import { connectRedis } from '../../../src/limits/redis.ts';
import { type Principal, principalId } from '../../../src/core/principal.ts';
import type { RunId } from '../../../src/core/ids.ts';
import { redisRuns } from '../../../src/runs/redis-runs.ts';
import type { RunRecord } from '../../../src/core/run.ts';
import type { CounterEnd } from '../evidence.ts';
import { type Place, type Rig, startRig } from '../rig.ts';
import { Expectations, pause, type Scenario, timing } from '../scenario.ts';
import { slow, wellBehaved } from '../witness.ts';

const LEASE_MS = 5_000;
const AT_ONCE = 24;
const BRANCHES = 3;
const LEAVES = 4;
/** Root, branch and leaf: every call is made by a leaf, and counts for all three. */
const LEVELS = 3;
const KEPT = 20;
const TOKENS = 10_000_000;
const GIVE_UP_MS = 60_000;
/** Whom the clients' token speaks of. */
const ANA = { id: principalId('acme', 'ana', 'ci') } as Principal;

const policyOf = (units: number): unknown => ({
  policy: 'tree',
  limits: [
    { id: 'ceiling', budget: '1000000 requests', every: '5d', per: 'subject' },
    { id: 'tokens', budget: `${TOKENS} tokens`, every: '5d', per: 'subject' },
    { id: 'units', budget: `${units} requests`, per: 'run.root', reserve: `${KEPT} requests for final` },
    { id: 'node', budget: `${TOKENS} tokens`, per: 'run' },
  ],
});

const idOf = (...names: readonly string[]): RunId => namedPath(ANA, names, 'header').id;

/** Ten times as many attempts as there are units, while both gateways are killed in turn and replies are swallowed. */
const treeBudget: Scenario['run'] = async ({ seed, long }) => {
  const [units, attempts, kills] = long ? [1_000, 10_000, 25] : [120, 1_200, 3];
  const rig = await startRig({
    seed,
    leaseMs: LEASE_MS,
    policies: { 'tree.yaml': policyOf(units) },
    limits: {
      'tree/ceiling': { unit: 'requests', limit: 1_000_000 },
      'tree/tokens': { unit: 'tokens', limit: TOKENS },
      'tree/units': { unit: 'requests', limit: units },
      'tree/node': { unit: 'tokens', limit: TOKENS, times: LEVELS },
    },
  });
  try {
    const expect = new Expectations(rig);
    rig.witness.behave = (asked) => slow(rig.random.between(20, 300))(asked);
    const swallowed = await attempted(rig, { attempts, kills, units });
    rig.witness.behave = wellBehaved;
    const freedMs = await freed(rig);
    const late = await spendTheRest(rig);
    const untold = rig.calls.filter(({ status }) => status === undefined).length;
    expect.that(untold > 0, 'no call was under way at any kill: they hit nothing');
    expect.that(swallowed > 0, 'no reply was swallowed');
    await totalsAgree(rig, { expect, units });
    const violations = [...expect.violations, ...(await rig.finish())];
    const figures = { attempts: rig.calls.length, units, kills, swallowed, untold, late, freedMs, ...timing(rig) };
    return { violations, figures };
  } catch (error) {
    await rig.abandon();
    throw error;
  }
};

interface Trial {
  readonly attempts: number;
  readonly kills: number;
  readonly units: number;
}

/** Calls from everywhere in the tree until all are made and all kills are done; how many connections lost a reply. */
async function attempted(rig: Rig, { attempts, kills, units }: Trial): Promise<number> {
  const done = { made: 0, kills: 0 };
  const caller = async (): Promise<void> => {
    while (done.made < attempts || done.kills < kills) {
      done.made += 1;
      const { status } = await leafCall(rig, rig.random.next() < 0.1);
      // Whoever is refused asks again as soon as it can; the tree's units must last until the last kill.
      if (status !== 200 && done.made > attempts) await pause(20);
    }
  };
  const nemesis = async (): Promise<void> => {
    while (done.kills < kills) {
      const victim = rig.places[done.kills % rig.places.length] as Place;
      // Spread over the time in which there is something to lose.
      await spent(rig, (units * done.kills) / (kills + 1));
      for (const { toRedis } of rig.places) if (toRedis) toRedis.toClient.swallow = 0.15;
      await pause(rig.random.between(50, 400));
      await rig.kill(victim);
      for (const { toRedis } of rig.places) toRedis?.heal();
      await rig.start(victim);
      done.kills += 1;
    }
  };
  await Promise.all([...Array.from({ length: AT_ONCE }, caller), nemesis()]);
  return rig.places.reduce((sum, { toRedis }) => sum + (toRedis?.cut ?? 0), 0);
}

function leafCall(rig: Rig, isFinal: boolean) {
  const path = `task/b${rig.random.between(1, BRANCHES)}/l${rig.random.between(1, LEAVES)}`;
  return rig.call(undefined, { headers: { 'waygate-run': path, ...(isFinal && { 'waygate-final': 'true' }) } });
}

const unitsOf = (counters: readonly CounterEnd[]): number =>
  counters.filter(({ quota }) => quota === 'tree/units').reduce((sum, { settled }) => sum + settled, 0);

async function spent(rig: Rig, least: number): Promise<void> {
  const untilMs = performance.now() + GIVE_UP_MS;
  while (unitsOf(await rig.watch.counters()) < least && performance.now() < untilMs) await pause(20);
}

/** Once leases have ended, an admission sweeps what the killed have left. */
async function freed(rig: Rig): Promise<number> {
  const began = performance.now();
  while ((await rig.watch.leases()).length > 0 && performance.now() - began < GIVE_UP_MS) {
    await leafCall(rig, false);
    await pause(100);
  }
  return Math.round(performance.now() - began);
}

/** Last words until the tree has no unit left; how many were answered. */
async function spendTheRest(rig: Rig): Promise<number> {
  const untilMs = performance.now() + GIVE_UP_MS;
  for (let answered = 0; ;) {
    const { status, code, text } = await leafCall(rig, true);
    if (status === 200) answered += 1;
    else if (code === 'limit.budget') return answered;
    else if (performance.now() > untilMs) throw new Error(`spending the rest met ${status} ${text.slice(0, 300)}`);
  }
}

/** All units and no more; and the runs say of themselves what the counters say of them. */
async function totalsAgree(rig: Rig, { expect, units }: { expect: Expectations; units: number }): Promise<void> {
  const untilMs = performance.now() + GIVE_UP_MS;
  while ((await rig.watch.leases()).length > 0 && performance.now() < untilMs) await pause(50);
  const counters = await rig.watch.counters();
  const client = connectRedis({ url: rig.redis.url, commandTimeoutMs: 10_000 });
  await client.connected();
  const root = idOf('task');
  const { runs, facts } = await redisRuns({ client, tenants: () => client.tenants() }).tree('acme', root);
  client.close();
  const total = (of: (run: RunRecord) => number, some = runs): number => some.reduce((sum, run) => sum + of(run), 0);
  const settled = unitsOf(counters);
  expect.that(settled === units, `${settled} of ${units} units were spent`);
  const steps = total((run) => run.steps);
  expect.that(steps === settled, `the runs count ${steps} steps, the budget ${settled}`);
  expect.that(
    facts.counts.get('steps') === steps,
    `the tree counts ${facts.counts.get('steps')} steps, its runs ${steps}`,
  );
  const money = total((run) => run.money);
  expect.that(
    facts.counts.get('spent') === money,
    `the tree has spent ${facts.counts.get('spent')}, its runs ${money}`,
  );
  const places = [root, ...Array.from({ length: BRANCHES }, (_, branch) => idOf('task', `b${branch + 1}`))];
  for (const place of [...places, ...runs.map(({ id }) => id)]) {
    const tokens = total(
      (run) => run.tokens,
      runs.filter(({ path }) => path.includes(place)),
    );
    const node = counters.find(({ quota, key }) => quota === 'tree/node' && key.includes(`:run=${place}:`));
    expect.that(
      node?.settled === tokens,
      `${place} and those below have used ${tokens}, its budget counts ${node?.settled}`,
    );
  }
}

export const RUNS: readonly Scenario[] = [
  { id: 'F-T1', title: 'a budget of a tree, gateways killed and replies swallowed', run: treeBudget },
];
