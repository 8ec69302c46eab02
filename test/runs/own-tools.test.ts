import { beforeEach, describe, expect, test } from 'vitest';
import type { AccessRequest } from '../../src/core/access.ts';
import { type Decision, type Refusal, UNBOUND } from '../../src/core/decision.ts';
import type { RunId } from '../../src/core/ids.ts';
import { type ApprovalsGate, approvalsGate } from '../../src/runs/approval-gate.ts';
import { memoryApprovals } from '../../src/runs/approval-memory.ts';
import { type ApprovalStore, PENDING_OF_TREE_MAX } from '../../src/runs/approval-store.ts';
import { ownTools } from '../../src/runs/own-tools.ts';
import { testClock } from '../limits/ledger.ts';
import { approver, asks, call, summary, terms, testTimers, toolCall } from './approvals.ts';

const DECIDED = { revision: 'r', shadow: undefined, facts: {}, rules: ['research/no-egress'] } as const;
const PERMIT = { ...DECIDED, effect: 'permit', obligations: [], quotas: [], ...UNBOUND } as const;
const HOLD: Refusal = {
  ...DECIDED,
  effect: 'hold',
  reason: 'held by rule `research/no-egress`',
  held: { terms: terms({ waitMs: 0 }), permit: PERMIT },
};
const DENY: Decision = { ...DECIDED, effect: 'deny', reason: 'denied by rule `research/no`' };

let store: ApprovalStore;
let gate: ApprovalsGate;
let decided: AccessRequest[];
let decision: Decision;

beforeEach(() => {
  const clock = testClock();
  store = memoryApprovals({ clock });
  gate = approvalsGate({ store, timers: testTimers(), notify: () => {} });
  decided = [];
  decision = HOLD;
});

function ask(tool: 'status' | 'request', args: string) {
  const body = Buffer.from(
    `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"waygate__${tool}","arguments":${args}}}`,
  );
  const { access } = toolCall(args, { resource: { kind: 'tool', upstream: 'waygate', name: tool } });
  const decide = (one: AccessRequest): Decision => (decided.push(one), decision);
  return ownTools({ gate, store, clock: testClock(), decide, standings: async () => [] })(tool, call({ access, body }));
}

const ARGS = '{"amount":9007199254740993,"to":"bob"}';
const REQUEST = `{"resource":"tool/mail/send","arguments":${ARGS},"reason":"the report is due"}`;

describe('waygate__request', () => {
  test('asks people for the very call, which then goes through, and only that', async () => {
    const answer = await ask('request', REQUEST);
    expect(answer.text).toMatch(/^`appr_.*` waits for an approver/);
    expect(decided).toMatchObject([
      { action: 'tool.call', resource: { kind: 'tool', upstream: 'mail', name: 'send' }, run: { id: 'run_1' } },
    ]);
    const [pending] = await store.pendingOf('acme', 'run_0' as RunId);
    expect(pending).toMatchObject({
      id: answer.values?.['approval'],
      summary: {
        resource: 'tool/mail/send',
        args: ARGS,
        reason: 'the report is due',
        because: HOLD.reason,
      },
    });
    await store.decide('acme', pending?.id as string, approver());
    expect((await ask('request', REQUEST)).text).toMatch(/^approved as/);
    const held = { terms: terms({ waitMs: 0 }), reason: 'held' };
    const client = { onAbort: () => {} };
    const other = ARGS.replace('993', '992');
    await expect(gate.hold(toolCall(other), held, client)).rejects.toMatchObject({ code: 'policy.hold' });
    await expect(gate.hold(toolCall(ARGS), held, client)).resolves.toMatchObject({ approval: { id: pending?.id } });
  });

  test('of what needs no approval says so, and of what is denied that nobody can be asked', async () => {
    decision = PERMIT;
    expect(await ask('request', REQUEST)).toEqual({ text: 'this call needs no approval: make it' });
    decision = DENY;
    const text = 'denied by rule `research/no`; no approval can be asked for';
    expect(await ask('request', REQUEST)).toEqual({ text, isError: true });
    decision = { ...HOLD, effect: 'deny' };
    expect(await ask('request', REQUEST)).toMatchObject({ isError: true });
    decision = { ...DECIDED, effect: 'hold', reason: 'held' };
    expect(await ask('request', REQUEST)).toMatchObject({ isError: true });
    expect(await store.list('acme', { count: 5 })).toEqual([]);
  });

  test('that is not understood decides and asks nothing', async () => {
    expect(await ask('request', '{"resource":"x","reason":"y"}')).toMatchObject({ isError: true });
    expect(decided).toEqual([]);
  });

  test('of a run that asks for too much is told so', async () => {
    for (let n = 0; n < PENDING_OF_TREE_MAX; n += 1) await store.request(asks('acme', { binding: `b${n}` }));
    const answer = await ask('request', REQUEST);
    expect(answer).toMatchObject({ isError: true, text: expect.stringContaining('wait until some are decided') });
  });
});

describe('waygate__status', () => {
  test('tells of what waits in the tree of its run', async () => {
    await store.request(asks('acme', { summary: summary({ resource: 'tool/pay/out' }) }));
    await store.request(asks('acme', { binding: 'other', summary: summary({ root: 'run_9' as RunId }) }));
    const { values } = await ask('status', '{}');
    expect(values).toMatchObject({ run: 'run_1', approvals: [{ resource: 'tool/pay/out' }] });
    expect(decided).toEqual([]);
  });
});

test('a store that does not answer refuses the call', async () => {
  store.pendingOf = () => Promise.reject(new Error('gone'));
  await expect(ask('status', '{}')).rejects.toThrow('gone');
  gate.ask = () => Promise.reject(new Error('gone'));
  await expect(ask('request', REQUEST)).rejects.toThrow('gone');
});
