import { beforeEach, describe, expect, test } from 'vitest';
import type { RunId } from '../../src/core/ids.ts';
import { allotmentClaim } from '../../src/limits/allotment.ts';
import { type Carving, Carvings, type Follow } from '../../src/limits/carvings.ts';
import { memoryStore } from '../../src/limits/memory.ts';
import type { ClaimState, LedgerStore } from '../../src/limits/store.ts';
import { NotAsked, unavailable } from '../../src/limits/unavailable.ts';
import { asks, HOUR, MINUTE, NOON, statesOf, type TestClock, testClock } from './ledger.ts';
import { handSchedule } from './timers.ts';

const TENANT = 'acme';
const ROOT = { run: 'run_root' as RunId, amount: 1_000 };
const CHILD = { run: 'run_child' as RunId, amount: 600 };

let clock: TestClock;
let store: { -readonly [Method in keyof LedgerStore]: LedgerStore[Method] };
let isDown: boolean;
let carvings: Carvings;
let stopped: (() => void)[];
let left: number;

const follow: Follow = (onEnd) => {
  stopped.push(onEnd);
  return { leave: () => void (left += 1) };
};

const carving = (parts: Partial<Carving> = {}): Carving => ({
  tenant: TENANT,
  parentBudget: ROOT,
  childRun: CHILD.run,
  amount: CHILD.amount,
  untilMs: NOON + HOUR,
  ...parts,
});

/** A store that does what it is asked and, while it is down, says nothing of it. */
function silent(of: LedgerStore): LedgerStore {
  const told = async <T>(answer: Promise<T>): Promise<T> => {
    const known = await answer;
    if (isDown) throw unavailable(new NotAsked('down'));
    return known;
  };
  return {
    ...of,
    admit: (one) => told(of.admit(one)),
    settle: (one) => told(of.settle(one)),
    release: (...one) => told(of.release(...one)),
  };
}

beforeEach(() => {
  clock = testClock();
  isDown = false;
  stopped = [];
  left = 0;
  store = silent(memoryStore({ clock }));
  carvings = new Carvings({ store, clock, schedule: handSchedule() });
});

async function standing(of = ROOT): Promise<Pick<ClaimState, 'settled' | 'held'>> {
  const claim = { ...allotmentClaim(of, 0), mode: 'spend', enforced: false } as const;
  const [{ settled, held } = { settled: 0, held: 0 }] = statesOf(await store.admit(asks(TENANT, [claim])));
  return { settled, held };
}

/** A call of the child: what it holds, until it ends in what it cost. */
async function call(amount: number, of = CHILD): Promise<(cost: number) => Promise<boolean>> {
  const asked = asks(TENANT, [allotmentClaim(of, amount)], { leaseMs: HOUR });
  expect((await store.admit(asked)).kind).toBe('admitted');
  return (cost) => store.settle({ tenant: TENANT, call: asked.call, actual: [cost] });
}

describe('a part of an allotment', () => {
  test('is taken whole, or not at all', async () => {
    expect(await carvings.carve(carving(), follow)).toBe(true);
    expect(await carvings.carve(carving({ childRun: 'run_2' as RunId, amount: 401 }), follow)).toBe(false);
    expect(await standing()).toEqual({ settled: 0, held: 600 });
    expect(await carvings.carve(carving({ childRun: 'run_3' as RunId, amount: 400 }), follow)).toBe(true);
    expect([carvings.size, stopped.length]).toEqual([2, 2]);
  });

  test('comes back when the token expires, but for what was spent', async () => {
    await carvings.carve(carving(), follow);
    const end = await call(200);
    await end(150);
    clock.advance(HOUR);
    await carvings.look();
    expect(await standing()).toEqual({ settled: 0, held: 600 });
    clock.advance(MINUTE);
    await carvings.look();
    expect(await standing()).toEqual({ settled: 150, held: 0 });
    expect([carvings.size, left]).toEqual([0, 1]);
  });

  test('comes back when the run is stopped for good', async () => {
    await carvings.carve(carving(), follow);
    stopped[0]?.();
    await carvings.look();
    expect(await standing()).toEqual({ settled: 0, held: 0 });
  });

  test('that came back is of no more use to the child', async () => {
    await carvings.carve(carving(), follow);
    await (
      await call(200)
    )(150);
    carvings.ended(CHILD.run);
    await carvings.look();
    expect(await standing(CHILD)).toEqual({ settled: 600, held: 0 });
    expect((await store.admit(asks(TENANT, [allotmentClaim(CHILD, 1)]))).kind).toBe('exceeded');
  });

  test('waits for calls of the child that still run, and after ten minutes counts what they hold', async () => {
    await carvings.carve(carving(), follow);
    const end = await call(200);
    await call(100);
    carvings.ended(CHILD.run);
    await carvings.look();
    expect(await standing()).toEqual({ settled: 0, held: 600 });
    await end(50);
    clock.advance(10 * MINUTE);
    await carvings.look();
    expect(await standing()).toEqual({ settled: 150, held: 0 });
  });

  test('that was overdrawn costs the parent what was spent', async () => {
    await carvings.carve(carving(), follow);
    await (
      await call(600)
    )(700);
    carvings.ended(CHILD.run);
    await carvings.look();
    expect(await standing()).toEqual({ settled: 700, held: 0 });
  });

  test('of which a grandchild has a part comes back once that has', async () => {
    const leaf = { run: 'run_leaf' as RunId, amount: 500 };
    await carvings.carve(carving(), follow);
    await carvings.carve(carving({ parentBudget: CHILD, childRun: leaf.run, amount: leaf.amount }), follow);
    await (
      await call(30, leaf)
    )(30);
    for (const onEnd of stopped) onEnd();
    await carvings.look();
    await carvings.look();
    expect(await standing()).toEqual({ settled: 30, held: 0 });
  });
});

describe('a part that is to come back', () => {
  test('takes account of a call that is let in at the last moment', async () => {
    await carvings.carve(carving(), follow);
    await (
      await call(200)
    )(150);
    const { admit } = store;
    // Between the look at what was spent and the filling up.
    store.admit = async (request) => {
      if (!request.call.startsWith('fill_')) return admit(request);
      store.admit = admit;
      await (
        await call(80)
      )(80);
      return admit(request);
    };
    carvings.ended(CHILD.run);
    await carvings.look();
    expect(await standing()).toEqual({ settled: 0, held: 600 });
    await carvings.look();
    expect(await standing()).toEqual({ settled: 230, held: 0 });
  });

  test('is filled up once, though the store did not answer in between', async () => {
    await carvings.carve(carving(), follow);
    const { admit } = store;
    store.admit = async (request) => {
      if (!request.call.startsWith('fill_')) return admit(request);
      store.admit = admit;
      await admit(request);
      throw unavailable(new NotAsked('down'));
    };
    carvings.ended(CHILD.run);
    await carvings.look();
    expect(await standing()).toEqual({ settled: 0, held: 600 });
    await carvings.look();
    expect(await standing()).toEqual({ settled: 0, held: 0 });
  });

  test('is known to the process that took it alone', async () => {
    const elsewhere = new Carvings({ store, clock, schedule: handSchedule() });
    await carvings.carve(carving(), follow);
    elsewhere.ended(CHILD.run);
    await elsewhere.giveBack(carving());
    await elsewhere.look();
    expect(await standing()).toEqual({ settled: 0, held: 600 });
  });
});

test('a tenant whose ledger is lost has nothing carved, and nothing given back until it is there again', async () => {
  await carvings.carve(carving(), follow);
  carvings.ended(CHILD.run);
  const { admit } = store;
  store.admit = () => Promise.resolve({ kind: 'lost' });
  await expect(carvings.carve(carving({ childRun: 'run_2' as RunId }), follow)).rejects.toMatchObject({
    code: 'limit.lost',
  });
  await carvings.look();
  store.admit = admit;
  expect(await standing()).toEqual({ settled: 0, held: 600 });
  await carvings.look();
  expect(await standing()).toEqual({ settled: 0, held: 0 });
});

describe('a store that does not answer', () => {
  test('has taken nothing in the end, whether it heard or not', async () => {
    isDown = true;
    await expect(carvings.carve(carving(), follow)).rejects.toMatchObject({ code: 'limit.unavailable' });
    isDown = false;
    expect(await standing()).toEqual({ settled: 0, held: 600 });
    await carvings.look();
    expect(await standing()).toEqual({ settled: 0, held: 0 });
    expect(carvings.size).toBe(0);
  });

  test('is asked again, and nothing is booked twice', async () => {
    await carvings.carve(carving(), follow);
    await (
      await call(200)
    )(150);
    carvings.ended(CHILD.run);
    // The look at the child, its filling up and the settlement are each heard and not answered.
    for (let tries = 0; tries < 3; tries += 1) {
      isDown = true;
      await carvings.look();
      isDown = false;
      await carvings.look();
    }
    expect(await standing()).toEqual({ settled: 150, held: 0 });
    expect(await standing(CHILD)).toEqual({ settled: 600, held: 0 });
  });

  test('gives back what came to nothing as soon as it answers', async () => {
    await carvings.carve(carving(), follow);
    isDown = true;
    await carvings.giveBack(carving());
    isDown = false;
    await carvings.look();
    expect(await standing()).toEqual({ settled: 0, held: 0 });
  });
});

test('a part whose process has gone is charged in full an hour after the token', async () => {
  await carvings.carve(carving(), follow);
  await carvings.close();
  clock.advance(2 * HOUR + 1);
  expect(await standing()).toEqual({ settled: 600, held: 0 });
});
