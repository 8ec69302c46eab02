import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { type Approval, HeldForApproval } from '../../src/core/approval.ts';
import type { Call } from '../../src/core/call.ts';
import type { RedisClient } from '../../src/limits/redis.ts';
import { type ApprovalsGate, approvalsGate, type GateSource, type Granted } from '../../src/runs/approval-gate.ts';
import { memoryApprovals } from '../../src/runs/approval-memory.ts';
import { redisApprovals } from '../../src/runs/approval-redis.ts';
import { type ApprovalStore, PENDING_OF_TREE_MAX } from '../../src/runs/approval-store.ts';
import { readTree } from '../../src/runs/canonical-json.ts';
import { connected } from '../limits/connect.ts';
import { freshTenant, NOON, testClock } from '../limits/ledger.ts';
import {
  access,
  approver,
  HOUR,
  principal,
  run,
  settled,
  terms,
  testTimers,
  type TestTimers,
  toolCall,
} from './approvals.ts';

const HELD = { terms: terms(), reason: '`tool.call` on `tool/mail/send` is held by rule `research/no-egress`' };
const ARGS = '{"to":"bob","amount":9007199254740993}';

const clock = testClock();
let timers: TestTimers;
let store: ApprovalStore;
let notified: Approval[];

beforeEach(() => {
  clock.set(NOON);
  timers = testTimers();
  store = memoryApprovals({ clock });
  notified = [];
});

function gate(parts: Partial<GateSource> = {}): ApprovalsGate {
  return approvalsGate({ store, timers, notify: (approval) => void notified.push(approval), ...parts });
}

/** A client that may leave. */
function client(): { onAbort(listener: () => void): void; leave(): void } {
  const listeners: (() => void)[] = [];
  return {
    onAbort: (listener) => void listeners.push(listener),
    leave: () => listeners.forEach((listener) => listener()),
  };
}

/** What became of a hold: the approval's id, or the refusal. */
function outcome(held: Promise<Granted>): Promise<unknown> {
  return held.then(
    ({ approval }) => approval.id,
    (error: unknown) => error,
  );
}

async function pass(ms: number): Promise<void> {
  clock.advance(ms);
  await timers.advance(ms);
}

const approve = (id: string, subject = 'bob') => store.decide('acme', id, approver(subject));
const first = (): Approval => notified[0] as Approval;
const tell = (call: Call, one = gate(), held = HELD) => outcome(one.hold(call, held, client()));

describe('a call that is held', () => {
  test('asks people once, with what they need to decide, and waits', async () => {
    void tell(toolCall(ARGS, { principal: principal({ actors: [{ subject: 'boss' }] }) }));
    await settled();
    expect(notified).toMatchObject([
      {
        state: 'pending',
        tenant: 'acme',
        expiresAtMs: NOON + 24 * HOUR,
        summary: {
          action: 'tool.call',
          resource: 'tool/mail/send',
          agent: 'researcher',
          subject: 'ana',
          actors: ['boss'],
          run: 'run_1',
          root: 'run_0',
          args: '{"amount":9007199254740993,"to":"bob"}',
          argsCut: false,
          because: HELD.reason,
          reason: '',
        },
      },
    ]);
  });

  test('goes on within half a second of its approval, wherever that was given', async () => {
    const told = tell(toolCall(ARGS));
    await settled();
    await pass(2_000);
    await approve(first().id);
    await pass(500);
    expect(await told).toBe(first().id);
    expect(await store.get('acme', first().id)).toMatchObject({ state: 'used', used: 1 });
    expect(timers.size).toBe(0);
  });

  test('goes on at once where this process was told', async () => {
    const one = gate();
    const told = tell(toolCall(ARGS), one);
    await settled();
    await approve(first().id);
    one.changed('acme', first().id);
    one.changed('acme', 'appr_unknown');
    expect(await told).toBe(first().id);
  });

  test('is refused when nobody decides in time, by a sentence that names the approval and says what to do', async () => {
    const told = tell(toolCall(ARGS), gate({ pageOf: ({ id }) => `https://console.test/approvals/${id}` }));
    await settled();
    await pass(30_000);
    const error = await told;
    expect(error).toBeInstanceOf(HeldForApproval);
    expect(error).toMatchObject({
      code: 'policy.hold',
      rule: 'research/no-egress',
      retry: false,
      approval: first().id,
      page: `https://console.test/approvals/${first().id}`,
      message: `${HELD.reason}; approval \`${first().id}\` waits for one person with the role \`approver\`: repeat the same call after approval`,
    });
    expect(timers.size).toBe(0);
  });

  test('repeated while it waits finds the same approval and waits again', async () => {
    const one = gate();
    const told = tell(toolCall(ARGS), one);
    await settled();
    await pass(30_000);
    expect(await told).toMatchObject({ approval: first().id });
    const again = tell(toolCall(` ${ARGS} `), one);
    await pass(10_000);
    await approve(first().id);
    await pass(500);
    expect(await again).toBe(first().id);
    expect(notified).toHaveLength(1);
  });

  test('repeated after its approval goes on without waiting, once; the next one asks anew', async () => {
    const one = gate();
    const told = tell(toolCall(ARGS), one);
    await settled();
    await pass(30_000);
    await told;
    await approve(first().id);
    expect(await tell(toolCall(ARGS), one)).toBe(first().id);
    void tell(toolCall(ARGS), one);
    await settled();
    expect(notified).toHaveLength(2);
    expect(notified[1]?.id).not.toBe(first().id);
  });

  test('is not helped by an approval for other arguments, another run or another principal', async () => {
    const one = gate();
    const told = tell(toolCall(ARGS), one, { ...HELD, terms: terms({ waitMs: 0 }) });
    expect(await told).toMatchObject({ code: 'policy.hold' });
    await approve(first().id);
    const others = [
      toolCall('{"to":"bob","amount":9007199254740992}'),
      toolCall('{"to":"eve","amount":9007199254740993}'),
      toolCall(ARGS, { run: run('run_2') }),
      toolCall(ARGS, { principal: principal({ subject: 'ben' }) }),
      toolCall(ARGS, { principal: principal({ agent: 'other' }) }),
      toolCall(ARGS, { resource: { kind: 'tool', upstream: 'mail', name: 'delete' } }),
    ];
    for (const call of others) {
      const error = await tell(call, one, { ...HELD, terms: terms({ waitMs: 0 }) });
      expect(error).toMatchObject({ code: 'policy.hold' });
      expect((error as HeldForApproval).approval).not.toBe(first().id);
    }
    expect(await store.get('acme', first().id)).toMatchObject({ state: 'approved', used: 0 });
  });

  test('is not helped by what its requester says', async () => {
    const told = tell(toolCall(ARGS));
    await settled();
    expect(await approve(first().id, 'ANA')).toMatchObject({ kind: 'requester' });
    await pass(30_000);
    expect(await told).toMatchObject({ code: 'policy.hold' });
  });

  test('is refused for good as soon as one denies it, with what was said', async () => {
    const one = gate();
    const told = tell(toolCall(ARGS), one);
    await settled();
    await store.decide('acme', first().id, approver('bob', { verdict: 'deny', reason: 'ask legal' }));
    await pass(500);
    expect(await told).toMatchObject({
      code: 'approval.denied',
      message: `\`tool.call\` on \`tool/mail/send\` was denied by an approver (ask legal), as \`${first().id}\`; do not repeat it before 2026-11-23T13:00:00.000Z`,
    });
    expect(await tell(toolCall(ARGS), one)).toMatchObject({ code: 'approval.denied' });
    expect(notified).toHaveLength(1);
  });

  test('waits as long as its policy says, and not at all where that is zero', async () => {
    expect(await tell(toolCall(ARGS), gate(), { ...HELD, terms: terms({ waitMs: 0 }) })).toMatchObject({
      code: 'policy.hold',
    });
    expect(timers.size).toBe(0);
  });

  test('waits no longer than its client does', async () => {
    const told = tell(toolCall(ARGS), gate(), { ...HELD, terms: terms({ waitMs: 300_000 }) });
    await settled();
    await pass(50_000);
    expect(await told).toMatchObject({ code: 'policy.hold' });
  });

  test('hears of a decision at the last moment, whenever the last look was', async () => {
    const told = tell(toolCall(ARGS), gate(), { ...HELD, terms: terms({ waitMs: 700 }) });
    await settled();
    await pass(600);
    await approve(first().id);
    await pass(100);
    expect(await told).toBe(first().id);
  });

  test('says how many people are missing', async () => {
    const held = { ...HELD, terms: terms({ approvers: 3, roles: ['security', 'legal'], waitMs: 500 }) };
    const told = tell(toolCall(ARGS), gate(), held);
    await settled();
    await store.decide('acme', first().id, approver('bob', { roles: ['legal'] }));
    await pass(500);
    expect(await told).toMatchObject({
      message: expect.stringContaining('waits for 2 people with the role `security` or `legal`'),
    });
  });

  test('whose approval expires while it waits is told to ask again', async () => {
    const told = tell(toolCall(ARGS), gate(), { ...HELD, terms: terms({ expiresMs: 1_000 }) });
    await settled();
    await pass(1_000);
    await pass(500);
    expect(await told).toMatchObject({
      code: 'policy.hold',
      message: `${HELD.reason}; nobody approved it in time: repeat the same call to ask again`,
    });
  });

  test('is no more when its client leaves: it takes no use, and nothing waits on', async () => {
    const one = gate();
    const who = client();
    const told = outcome(one.hold(toolCall(ARGS), HELD, who));
    await settled();
    who.leave();
    expect(await told).toMatchObject({ code: 'request.aborted' });
    expect(timers.size).toBe(0);
    await approve(first().id);
    expect(await tell(toolCall(ARGS), one)).toBe(first().id);
  });

  test('whose client leaves while a use is taken gives it back', async () => {
    const who = client();
    const slow: ApprovalStore = {
      ...bound(store),
      use: async (...asked) => {
        const used = await store.use(...asked);
        who.leave();
        return used;
      },
    };
    const one = gate({ store: slow });
    const told = outcome(one.hold(toolCall(ARGS), HELD, who));
    await settled();
    await approve(first().id);
    await pass(500);
    expect(await told).toMatchObject({ code: 'request.aborted' });
    expect(await store.get('acme', first().id)).toMatchObject({ state: 'approved', used: 0 });
  });

  test('that was not sent gives its use back, and the repeat goes on', async () => {
    const one = gate();
    const held = one.hold(toolCall(ARGS), HELD, client());
    await settled();
    await approve(first().id);
    await pass(500);
    await (await held).giveBack();
    expect(await tell(toolCall(ARGS), one)).toBe(first().id);
  });

  test('loses its use where it cannot be given back, without a word', async () => {
    const broken = { ...bound(store), giveBack: () => Promise.reject(new Error('gone')) };
    const held = gate({ store: broken }).hold(toolCall(ARGS), HELD, client());
    await settled();
    await approve(first().id);
    await pass(500);
    await expect((await held).giveBack()).resolves.toBeUndefined();
  });

  test('waits on while the store does not answer, and hears of the decision when it does', async () => {
    let isGone = false;
    const flaky = {
      ...bound(store),
      get: (...asked: Parameters<ApprovalStore['get']>) =>
        isGone ? Promise.reject(new Error('gone')) : store.get(...asked),
    };
    const told = tell(toolCall(ARGS), gate({ store: flaky }));
    await settled();
    await approve(first().id);
    isGone = true;
    await pass(5_000);
    isGone = false;
    await pass(500);
    expect(await told).toBe(first().id);
  });

  test('whose record has vanished is refused', async () => {
    const forgetful = { ...bound(store), use: async () => ({ isUsed: false, approval: undefined }) };
    expect(
      await tell(toolCall(ARGS), gate({ store: forgetful }), { ...HELD, terms: terms({ waitMs: 0 }) }),
    ).toMatchObject({
      code: 'policy.hold',
      message: expect.stringContaining('repeat the same call to ask again'),
    });
  });

  test('does not wait where as many wait as may', async () => {
    const one = gate({ waitersMax: 2 });
    const waiting = ['{"n":1}', '{"n":2}'].map((args) => tell(toolCall(args), one));
    await settled();
    expect(await tell(toolCall('{"n":3}'), one)).toMatchObject({ code: 'policy.hold', approval: expect.any(String) });
    await pass(30_000);
    await Promise.all(waiting);
    const next = tell(toolCall('{"n":4}'), one);
    await settled();
    await approve(notified[3]?.id as string);
    await pass(500);
    expect(await next).toBe(notified[3]?.id);
  });

  test('of a run that asks for too much is refused without an approval', async () => {
    const one = gate();
    const held = { ...HELD, terms: terms({ waitMs: 0 }) };
    for (let n = 0; n < PENDING_OF_TREE_MAX; n += 1) await tell(toolCall(`{"n":${n}}`), one, held);
    const error = await tell(toolCall('{"n":-1}'), one, held);
    expect(error).not.toBeInstanceOf(HeldForApproval);
    expect(error).toMatchObject({
      code: 'policy.hold',
      message: expect.stringContaining('wait until some are decided'),
    });
  });

  test('under a policy that has come to ask for more asks anew', async () => {
    const one = gate();
    await tell(toolCall(ARGS), one, { ...HELD, terms: terms({ waitMs: 0 }) });
    await approve(first().id);
    const stricter = { ...HELD, terms: terms({ waitMs: 0, approvers: 2 }) };
    expect(await tell(toolCall(ARGS), one, stricter)).toMatchObject({ code: 'policy.hold' });
    expect(notified).toHaveLength(2);
  });
});

describe('an approval asked for ahead of time', () => {
  test('lets the same call pass when it comes, once', async () => {
    const one = gate();
    const asked = await one.ask(access(), readTree(` ${ARGS} `), { ...HELD, said: 'the report is due' });
    expect(asked).toMatchObject({ state: 'pending', summary: { reason: 'the report is due' } });
    expect(notified).toHaveLength(1);
    expect(await one.ask(access(), readTree(ARGS), { ...HELD, said: 'please' })).toEqual(asked);
    await approve(asked.id);
    expect(await tell(toolCall(ARGS), one)).toBe(asked.id);
    expect(notified).toHaveLength(1);
  });

  test('lets no other call pass', async () => {
    const one = gate();
    const asked = await one.ask(access(), readTree('{"to":"bob"}'), { ...HELD, said: '' });
    await approve(asked.id);
    const other = await tell(toolCall('{"to":"eve"}'), one, { ...HELD, terms: terms({ waitMs: 0 }) });
    expect(other).toMatchObject({ code: 'policy.hold' });
  });
});

describe('200 identical calls at once', () => {
  let redis: RedisClient;
  beforeAll(async () => {
    redis = await connected({ url: inject('redisUrl') });
  });
  afterAll(() => redis.close());

  test.each(['memory', 'redis'])('after the approval run exactly once (%s)', async (kind) => {
    const tenant = freshTenant();
    const shared = kind === 'memory' ? memoryApprovals({ clock }) : redisApprovals({ client: redis });
    const who = principal({ tenant });
    const held = { ...HELD, terms: terms({ waitMs: 0 }) };
    const gates = [0, 1].map(() => gate({ store: shared }));
    await tell(toolCall(ARGS, { principal: who }), gates[0], held);
    await shared.decide(tenant, first().id, approver());
    const told = await Promise.all(
      Array.from({ length: 200 }, (_, at) => tell(toolCall(ARGS, { principal: who }), gates[at % 2], held)),
    );
    expect(told.filter((one) => one === first().id)).toHaveLength(1);
    for (const one of told) if (one !== first().id) expect(one).toMatchObject({ code: 'policy.hold' });
  });

  test('that waited run exactly once, and the others do not bother people again', async () => {
    const one = gate();
    const told = Array.from({ length: 200 }, () => tell(toolCall(ARGS), one));
    await settled();
    await approve(first().id);
    await pass(500);
    const ends = await Promise.all(told);
    expect(ends.filter((end) => end === first().id)).toHaveLength(1);
    for (const end of ends.filter((one) => one !== first().id)) {
      expect(end).toMatchObject({
        code: 'policy.hold',
        message: expect.stringContaining('was used by an identical call'),
      });
    }
    expect(notified).toHaveLength(1);
  });
});

/** The methods of a store as values. */
function bound(one: ApprovalStore): ApprovalStore {
  return {
    request: (...asked) => one.request(...asked),
    get: (...asked) => one.get(...asked),
    list: (...asked) => one.list(...asked),
    pendingOf: (...asked) => one.pendingOf(...asked),
    decide: (...asked) => one.decide(...asked),
    use: (...asked) => one.use(...asked),
    giveBack: (...asked) => one.giveBack(...asked),
  };
}
