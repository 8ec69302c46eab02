import { beforeEach, describe, expect, test } from 'vitest';
import { GatewayError } from '../../src/core/errors.ts';
import type { RunId } from '../../src/core/ids.ts';
import type { JournalStore } from '../../src/runs/journal.ts';
import { journalLeases } from '../../src/runs/journal-leases.ts';
import { memoryJournal } from '../../src/runs/journal-memory.ts';
import { planRollback, type ResolvedUndo } from '../../src/runs/journal-plan.ts';
import { type CallTool, type RollbackSource, runRollback } from '../../src/runs/journal-rollback.ts';
import { freshTenant, type TestClock, testClock } from '../limits/ledger.ts';
import { type HandSchedule, handSchedule, turns } from '../limits/timers.ts';
import { LEASE, ROOT } from './journal-calls.ts';
import { jsonAnswer, OBLIGATION, Rig, toolCall } from './journal-rig.ts';

const ALL = { run: ROOT, toStep: 0 };
let clock: TestClock;
let schedule: HandSchedule;
let store: JournalStore;
let tenant: string;
/** Tickets that are open at the upstream. */
let open: Set<number>;
let asked: ResolvedUndo[];

beforeEach(() => {
  clock = testClock();
  schedule = handSchedule();
  store = memoryJournal({ clock });
  tenant = freshTenant();
  open = new Set();
  asked = [];
});

/** A gateway whose tool opens a ticket per call. */
function gateway(): Rig {
  const upstream = async (_: unknown, nth: number) => {
    open.add(nth);
    return jsonAnswer({ id: 1, result: { structuredContent: { id: nth } } });
  };
  return new Rig(store, { clock, schedule, upstream });
}

const closeTicket: CallTool = async (undo) => {
  asked.push(undo);
  open.delete(undo.args['id'] as number);
  return { kind: 'done' };
};

const plan = async (range = ALL) => planRollback(await store.entries(tenant, ROOT), range);

function source(parts: Partial<RollbackSource> = {}): RollbackSource {
  const leases = journalLeases({ store, leaseMs: LEASE, schedule });
  return { store, leases, callTool: closeTicket, attempt: crypto.randomUUID(), keepGoing: false, ...parts };
}

const roll = async (parts: Partial<RollbackSource> = {}, range = ALL) => runRollback(await plan(range), source(parts));

async function openTickets(count: number): Promise<void> {
  const rig = gateway();
  for (let i = 0; i < count; i += 1) await rig.send(toolCall({ tenant }));
}

describe('a rollback', () => {
  test('takes calls back the newest first, with what their arguments and results said', async () => {
    await openTickets(3);
    const report = await roll();
    expect(asked.map(({ tool, args }) => [tool, args])).toEqual(
      [3, 2, 1].map((id) => ['tickets/close_ticket', { id, owner: 'ann', why: 'undone' }]),
    );
    expect(report.map(({ step, outcome }) => [step, outcome])).toEqual([
      [3, 'undone'],
      [2, 'undone'],
      [1, 'undone'],
    ]);
    expect(open.size).toBe(0);
  });

  test('goes back to a step, which stays', async () => {
    await openTickets(3);
    await roll({}, { run: ROOT, toStep: 1 });
    expect([...open]).toEqual([1]);
  });

  test('gives each compensation a key of its own, the same whenever it is tried', async () => {
    await openTickets(2);
    const keys = (await plan()).steps.map((step) => (step.kind === 'undo' ? step.undo.key : ''));
    await roll();
    expect(asked.map(({ key }) => key)).toEqual(keys);
    expect(new Set(keys).size).toBe(2);
  });

  test('takes nothing back twice', async () => {
    await openTickets(2);
    await roll();
    const report = await roll();
    expect(asked).toHaveLength(2);
    expect(report).toMatchObject([
      { outcome: 'undone', because: 'it had been taken back before' },
      { outcome: 'undone', because: 'it had been taken back before' },
    ]);
  });

  test('two at once take each call back once', async () => {
    await openTickets(3);
    const slow: CallTool = async (undo) => {
      await turns();
      return closeTicket(undo);
    };
    const [one, other] = await Promise.all([roll({ callTool: slow }), roll({ callTool: slow })]);
    expect(asked).toHaveLength(3);
    expect([...one, ...other].some(({ because }) => because === 'another rollback takes it back at this moment')).toBe(
      true,
    );
  });

  test('stops where one cannot be taken back, says so of all the others, and goes on from there', async () => {
    await openTickets(3);
    let isRefused = true;
    const callTool: CallTool = async (undo) =>
      undo.args['id'] === 2 && isRefused ? { kind: 'failed', because: 'policy says no' } : closeTicket(undo);
    expect(await roll({ callTool })).toMatchObject([
      { step: 3, outcome: 'undone', because: undefined },
      { step: 2, outcome: 'kept', because: 'its compensation `tickets/close_ticket` failed: policy says no' },
      { step: 1, outcome: 'kept', because: 'the newer step 2 could not be taken back, and it comes before that' },
    ]);
    expect([...open]).toEqual([1, 2]);
    isRefused = false;
    expect((await roll({ callTool })).map(({ outcome }) => outcome)).toEqual(['undone', 'undone', 'undone']);
    expect(asked.map(({ args }) => args['id'])).toEqual([3, 2, 1]);
  });

  test('goes on to older calls where it is told to', async () => {
    await openTickets(3);
    const callTool: CallTool = async (undo) =>
      undo.args['id'] === 2 ? { kind: 'failed', because: 'no' } : closeTicket(undo);
    expect((await roll({ callTool, keepGoing: true })).map(({ outcome }) => outcome)).toEqual([
      'undone',
      'kept',
      'undone',
    ]);
  });

  test('that dies in the middle is gone on with, and what it was doing is unknown', async () => {
    await openTickets(3);
    const dying: CallTool = (undo) => (undo.args['id'] === 2 ? new Promise(() => {}) : closeTicket(undo));
    const dead = source({ callTool: dying });
    void runRollback(await plan(), dead);
    await turns();
    dead.leases.stop();
    expect((await plan()).steps[1]).toMatchObject({
      kind: 'cannot',
      because: 'another rollback takes it back at this moment',
    });
    clock.advance(LEASE);
    expect(await roll()).toMatchObject([
      { step: 3, outcome: 'undone' },
      { step: 2, outcome: 'kept', because: expect.stringContaining('its end never recorded') },
      { step: 1, outcome: 'undone' },
    ]);
    expect(asked.map(({ args }) => args['id'])).toEqual([3, 1]);
  });

  test('that lives for longer than a lease keeps hold of what it does', async () => {
    await openTickets(1);
    const slow = source({ callTool: () => new Promise(() => {}) });
    void runRollback(await plan(), slow);
    await turns();
    for (let round = 0; round < 6; round += 1) {
      clock.advance(LEASE / 3);
      await schedule.run(LEASE / 3);
    }
    expect((await store.entries(tenant, ROOT))[0]?.state).toBe('undoing');
  });

  test('never tries again what may have been taken back', async () => {
    await openTickets(1);
    const callTool: CallTool = () => Promise.reject(new GatewayError('upstream.broken', 'the stream broke'));
    expect(await roll({ callTool })).toMatchObject([
      { outcome: 'unknown', because: 'nobody knows whether `tickets/close_ticket` took it back: the stream broke' },
    ]);
    expect(await roll()).toMatchObject([{ outcome: 'kept', because: expect.stringContaining('look at its upstream') }]);
    expect(asked).toEqual([]);
  });

  test('says what it did, though the store is gone', async () => {
    await openTickets(2);
    const gone = () => Promise.reject(new GatewayError('limit.unavailable', 'the store is gone'));
    const before = await plan();
    expect(await runRollback(before, source({ store: { ...store, beginUndo: gone } }))).toMatchObject([
      { outcome: 'kept', because: 'the store is gone' },
      { outcome: 'kept', because: expect.stringContaining('newer step 2') },
    ]);
    const [first] = await runRollback(before, source({ store: { ...store, endUndo: gone } }));
    expect(first).toMatchObject({ outcome: 'undone', because: expect.stringContaining('could not record it') });
    expect(asked).toHaveLength(2);
    clock.advance(LEASE);
    expect((await plan()).steps[0]).toMatchObject({ kind: 'cannot' });
  });
});

describe('a plan', () => {
  const because = async () => (await plan()).steps.map((step) => (step.kind === 'cannot' ? step.because : step.kind));
  const one = async (
    rig: Rig,
    parts: { readonly args?: Readonly<Record<string, unknown>> } = {},
    obligation = OBLIGATION,
  ) => {
    await rig.send(toolCall({ tenant, ...parts }), obligation).catch(() => {});
    return because();
  };
  const answering = (message: unknown) =>
    new Rig(store, { clock, schedule, upstream: async () => jsonAnswer(message) });

  test('says of each call why it cannot be taken back', async () => {
    expect(await one(gateway(), {}, { ...OBLIGATION, undo: undefined })).toEqual([
      'the rule `tickets/create` says no `undo`',
    ]);
  });

  test('does not take back what failed', async () => {
    expect(await one(answering({ id: 1, result: { isError: true, structuredContent: { id: 1 } } }))).toEqual([
      'it failed, so that there is nothing to take back',
    ]);
  });

  test('does not guess a field that the result lacks, or an argument', async () => {
    expect(await one(answering({ id: 1, result: { structuredContent: {} } }))).toEqual(['`result.id` is not there']);
    expect((await one(gateway(), { args: {} }))[0]).toBe('`args.owner` is not there');
  });

  test('does not take back what may not have been carried out, or still runs', async () => {
    const upstream = () => Promise.reject(new GatewayError('upstream.broken', 'gone'));
    expect(await one(new Rig(store, { clock, schedule, upstream }))).toEqual([expect.stringContaining('nobody knows')]);
    void new Rig(store, { clock, schedule, upstream: () => new Promise(() => {}) }).start(toolCall({ tenant }));
    await turns();
    expect((await because())[0]).toContain('still under way');
  });

  test('of a run has the calls of those below it, and no others', async () => {
    const rig = gateway();
    const child = 'run_child' as RunId;
    const below = toolCall({ tenant });
    const run = { ...below.access.run, id: child, path: [ROOT, child] };
    await rig.send(toolCall({ tenant }));
    await rig.send({ ...below, access: { ...below.access, run } });
    expect((await plan()).steps).toHaveLength(2);
    expect((await plan({ run: child, toStep: 0 })).steps.map(({ step }) => step)).toEqual([2]);
  });

  test('has another name once there is more to take back', async () => {
    await openTickets(1);
    const { id } = await plan();
    expect((await plan()).id).toBe(id);
    await openTickets(1);
    expect((await plan()).id).not.toBe(id);
  });
});
