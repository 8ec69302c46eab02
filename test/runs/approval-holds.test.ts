import { beforeEach, expect, test } from 'vitest';
import type { Judged } from '../../src/core/call.ts';
import { type Permit, type Refusal, UNBOUND } from '../../src/core/decision.ts';
import { approvalsGate } from '../../src/runs/approval-gate.ts';
import { holdsOf } from '../../src/runs/approval-holds.ts';
import { memoryApprovals } from '../../src/runs/approval-memory.ts';
import type { ApprovalStore } from '../../src/runs/approval-store.ts';
import { testClock } from '../limits/ledger.ts';
import { approver, settled, terms, testTimers, toolCall } from './approvals.ts';

const DECIDED = { revision: 'r', shadow: undefined, facts: {} } as const;
const PERMIT: Permit = { ...DECIDED, effect: 'permit', rules: ['p/allow'], obligations: [], quotas: [], ...UNBOUND };

function held(parts: Parameters<typeof terms>[0] = {}): Refusal {
  const { rules, ...asked } = terms(parts);
  return { ...DECIDED, effect: 'hold', rules, reason: 'held', held: { terms: { rules, ...asked }, permit: PERMIT } };
}

let store: ApprovalStore;
let opened: ReturnType<typeof open>;
beforeEach(() => {
  store = memoryApprovals({ clock: testClock() });
  opened = open();
});

function open() {
  const timers = testTimers();
  const asked: string[] = [];
  const gate = approvalsGate({ store, timers, notify: ({ id }) => void asked.push(id) });
  return { timers, asked, holds: holdsOf(gate, { onAbort: () => {} }) };
}

const call = toolCall('{"to":"bob"}');
const judged = (decision: Judged['decision'], one = call): Judged => ({ call: one, decision, fallbacks: [] });

/** Asks, has it approved, and waits until the call may go on. */
async function approved(decision: Refusal, one = call): Promise<string> {
  const waiting = opened.holds.pass(judged(decision, one));
  expect(waiting).toBeInstanceOf(Promise);
  await settled();
  const id = opened.asked.at(-1) as string;
  await store.decide('acme', id, approver());
  await opened.timers.advance(500);
  expect(await waiting).toBeUndefined();
  return id;
}

/** The call with the permit that an approval gives it. */
function granted(approval: string): ReturnType<typeof judged> {
  const permitted = judged(PERMIT);
  return { ...permitted, call: { ...permitted.call, approval } };
}

test('what nobody holds goes on as it is, at once', () => {
  for (const decision of [
    PERMIT,
    { ...held(), effect: 'deny' as const },
    { ...DECIDED, effect: 'hold' as const, rules: ['a'], reason: '' },
  ]) {
    const one = judged(decision);
    expect(opened.holds.pass(one)).toBe(one);
  }
});

test('what is held is judged again after its approval, and then goes on with the permit that it gives', async () => {
  const id = await approved(held());
  expect(opened.holds.pass(judged(held()))).toEqual(granted(id));
  // However often its tree moves.
  expect(opened.holds.pass(judged(held()))).toEqual(granted(id));
  expect(opened.asked).toEqual([id]);
  expect(await store.get('acme', id)).toMatchObject({ state: 'used', used: 1 });
});

test('what a policy forbids meanwhile stays forbidden', async () => {
  await approved(held());
  const denied = judged({ ...held(), effect: 'deny' });
  expect(opened.holds.pass(denied)).toBe(denied);
});

test('what is held for more meanwhile asks anew, and gives back what it had', async () => {
  const before = await approved(held());
  const after = await approved(held({ rules: ['p/other'] }));
  expect(after).not.toBe(before);
  expect(await store.get('acme', before)).toMatchObject({ state: 'approved', used: 0 });
  expect(opened.holds.pass(judged(held({ rules: ['p/other'] })))).toEqual(granted(after));
});

test('another call does not go on with it', async () => {
  await approved(held());
  expect(opened.holds.pass(judged(held(), toolCall('{"to":"eve"}')))).toBeInstanceOf(Promise);
});

test('what was not sent gives its approval back, once', async () => {
  const id = await approved(held());
  await opened.holds.giveBack();
  await opened.holds.giveBack();
  expect(await store.get('acme', id)).toMatchObject({ state: 'approved', used: 0 });
  // What was given back lets nothing pass, until it is taken again.
  expect(await opened.holds.pass(judged(held()))).toBeUndefined();
  expect(opened.holds.pass(judged(held()))).toEqual(granted(id));
  await opened.holds.giveBack();
  const next = open();
  expect(await next.holds.pass(judged(held()))).toBeUndefined();
  expect(next.holds.pass(judged(held()))).toEqual(granted(id));
});

test('what is not approved is refused', async () => {
  const waiting = Promise.resolve(opened.holds.pass(judged(held({ waitMs: 500 })))).catch((error: unknown) => error);
  await settled();
  await opened.timers.advance(500);
  expect(await waiting).toMatchObject({ code: 'policy.hold', approval: opened.asked[0] });
});
