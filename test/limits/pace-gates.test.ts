// The upstreams' own pace, as calls meet it: behind a reserver, with a real ledger.
import { beforeEach, describe, expect, test } from 'vitest';
import type { PermittedCall } from '../../src/core/call.ts';
import type { GatewayError } from '../../src/core/errors.ts';
import type { Wait } from '../../src/limits/admission.ts';
import { memoryStore } from '../../src/limits/memory.ts';
import { type Reserver, reserver } from '../../src/limits/reserve.ts';
import { unavailable } from '../../src/limits/unavailable.ts';
import { admission, AT_ONCE, type CallParts, charge, NO_WAIT, permitted } from './calls.ts';
import { type TestClock, testClock } from './ledger.ts';
import { type HandSchedule, handSchedule, turns } from './timers.ts';

const WAITING = { ...NO_WAIT, waitMs: 20_000 };
const ONE = { ...AT_ONCE, amount: 1 };

interface Asked {
  readonly call: PermittedCall;
  state: string;
  error: GatewayError | undefined;
}

describe('an upstream that takes no more calls', () => {
  let clock: TestClock;
  let schedule: HandSchedule;
  let limits: Reserver;
  let waits: Wait[];
  let order: PermittedCall[];

  beforeEach(() => {
    clock = testClock();
    schedule = handSchedule();
    waits = [];
    order = [];
    const store = memoryStore({ clock });
    limits = reserver({ store, clock, schedule, random: () => 0, onWaited: (wait) => void waits.push(wait) });
  });

  const of = (model: string, parts: Partial<CallParts> = {}): PermittedCall => ({
    ...permitted({ quotas: [], ...parts }),
    model,
  });

  function ask(call: PermittedCall, waiting = WAITING): Asked {
    const asked: Asked = { call, state: 'waits', error: undefined };
    limits.admit(call, admission(charge(1), { waiting })).then(
      () => {
        order.push(call);
        asked.state = 'in';
      },
      (error: GatewayError) => {
        asked.error = error;
        asked.state = error.code;
      },
    );
    return asked;
  }

  const states = (all: readonly Asked[]): string[] => all.map(({ state }) => state);

  test('keeps calls of its model waiting until it said, and no others', async () => {
    limits.heard(of('gpt'), undefined);
    limits.heard(of('gpt'), clock.now() + 3_000);
    const [held, other] = [ask(of('gpt')), ask(of('mini'))];
    await turns();
    expect(states([held, other])).toEqual(['waits', 'in']);
    await schedule.pass(2_999, clock);
    expect(held.state).toBe('waits');
    await schedule.pass(1, clock);
    expect(held.state).toBe('in');
    expect(waits).toEqual([{ ms: 3_000, limit: 'upstream/openai', outcome: 'admitted' }]);
  });

  test('is tried by one call first; the others follow its answer, tenants in turns', async () => {
    limits.heard(of('gpt'), clock.now() + 1_000);
    const swarm = Array.from({ length: 5 }, () => ask(of('gpt', { tenant: 't' })));
    const person = ask(of('gpt', { tenant: 'u' }));
    await schedule.pass(1_000, clock);
    expect(states([...swarm, person])).toEqual(['in', 'waits', 'waits', 'waits', 'waits', 'waits']);
    limits.heard(of('gpt'), undefined);
    await turns();
    expect(states([...swarm, person])).toEqual(Array.from({ length: 6 }, () => 'in'));
    expect(order.indexOf(person.call)).toBe(1);
  });

  test('is tried again after a second where the first that tried it got no answer', async () => {
    limits.heard(of('gpt'), clock.now() + 1_000);
    const calls = [ask(of('gpt')), ask(of('gpt')), ask(of('gpt'))];
    await schedule.pass(1_000, clock);
    await schedule.pass(1_000, clock);
    expect(states(calls)).toEqual(['in', 'in', 'waits']);
  });

  test('stays closed where the one that tried it is told so, and for what was sent before it closed', async () => {
    limits.heard(of('gpt'), clock.now() + 5_000);
    limits.heard(of('gpt'), undefined);
    limits.heard(of('gpt'), clock.now() + 1_000);
    limits.heard(of('mini'), undefined);
    const calls = [ask(of('gpt')), ask(of('gpt'))];
    await schedule.pass(4_999, clock);
    expect(states(calls)).toEqual(['waits', 'waits']);
    await schedule.pass(1, clock);
    expect(states(calls)).toEqual(['in', 'waits']);
    limits.heard(of('gpt'), clock.now() + 4_000);
    await schedule.pass(3_999, clock);
    expect(calls[1]?.state).toBe('waits');
  });

  test('refuses at once what it would keep waiting for too long', async () => {
    limits.heard(of('gpt'), clock.now() + 30_000);
    const refused = ask(of('gpt'));
    await turns();
    expect([refused.state, refused.error?.retryAfterMs]).toEqual(['limit.rate', 20_000]);
    expect(refused.error?.message).toContain('the upstream `openai` says that it takes no more calls of `gpt` for now');
  });

  test('tells one that may not wait at once, also while others wait', async () => {
    limits.heard(of('gpt'), clock.now() + 10_000);
    const [tries, waiting] = [ask(of('gpt')), ask(of('gpt'))];
    await schedule.pass(10_000, clock);
    limits.heard(of('gpt'), clock.now() + 9_999);
    await schedule.pass(9_999, clock);
    const third = ask(of('gpt'), { ...WAITING, waitMs: 0 });
    await schedule.pass(2_000, clock);
    expect(states([tries, waiting, third])).toEqual(['in', 'in', 'limit.rate']);
  });

  test('refuses those that may wait less long than the others', async () => {
    limits.heard(of('gpt'), clock.now() + 10_000);
    const patient = ask(of('gpt'));
    await turns();
    const hasty = ask(of('gpt'), { ...WAITING, waitMs: 5_000 });
    await schedule.pass(5_000, clock);
    expect(states([patient, hasty])).toEqual(['waits', 'limit.rate']);
    expect(hasty.error?.message).toContain('takes no more calls of `gpt`');
  });

  test('ends the wait of those that its trial leaves out', async () => {
    limits.heard(of('gpt'), clock.now() + 19_500);
    const calls = [ask(of('gpt')), ask(of('gpt'))];
    await schedule.pass(20_000, clock);
    expect(states(calls)).toEqual(['in', 'limit.rate']);
    expect(calls[1]?.error?.retryAfterMs).toBe(1_000);
  });

  test('comes before the ledger: a call waits for the one, then for the other', async () => {
    const holder = await limits.admit(of('mini', { quotas: [ONE], tenant: 't' }), admission(charge(1)));
    limits.heard(of('gpt'), clock.now() + 2_000);
    const call = ask(of('gpt', { quotas: [ONE], tenant: 't' }));
    await schedule.pass(2_000, clock);
    expect(call.state).toBe('waits');
    holder.release();
    await schedule.pass(2_000, clock);
    expect(call.state).toBe('in');
  });

  test('does not stop those of other tenants where the ledger of one does not answer', async () => {
    const store = memoryStore({ clock });
    limits = reserver({
      store: {
        ...store,
        admit: (request) =>
          request.tenant === 't' ? Promise.reject(unavailable(new Error('x'))) : store.admit(request),
      },
      clock,
      schedule,
      random: () => 0,
    });
    limits.heard(of('gpt'), clock.now() + 1_000);
    const calls = ['t', 't', 'u'].map((tenant) => ask(of('gpt', { quotas: [ONE], tenant })));
    await schedule.pass(1_000, clock);
    expect(states(calls)).toEqual(['limit.unavailable', 'limit.unavailable', 'waits']);
    limits.heard(of('gpt'), undefined);
    await turns();
    expect(calls[2]?.state).toBe('in');
  });
});
