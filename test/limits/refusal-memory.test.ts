import { beforeEach, describe, expect, test } from 'vitest';
import type { Call } from '../../src/core/call.ts';
import type { Decision } from '../../src/core/decision.ts';
import { GatewayError } from '../../src/core/errors.ts';
import { type RefusalMemory, refusalMemory } from '../../src/limits/refusal-memory.ts';
import { permitted } from './calls.ts';
import { type TestClock, testClock } from './ledger.ts';

const decision = { effect: 'deny', rules: ['p/no'] } as unknown as Decision;
const denied = new GatewayError('policy.denied', 'no', { rule: 'p/no' });

interface Parts {
  readonly body?: string;
  readonly run?: string;
  readonly depth?: number;
  readonly args?: unknown;
  readonly resource?: string;
  readonly target?: string;
  readonly isFinal?: boolean;
}

const first = permitted({ quotas: [], tenant: 't' });

/** A call like the others but for its parts; its principal is one object. */
function call({
  body = '{"x":1}',
  run = 'r',
  depth = 0,
  args,
  resource,
  target = '/chat',
  isFinal = false,
}: Parts = {}): Call {
  const made = permitted({ quotas: [], tenant: 't', run, ...(resource !== undefined && { resource }) });
  const access = {
    ...made.access,
    principal: first.access.principal,
    run: { id: run, depth },
    args,
    ...(isFinal && { isFinal }),
  };
  const rpc = args === undefined ? undefined : { id: '1', method: 'tools/call' };
  return { ...made, access, rpc, body: Buffer.from(body), route: { name: 'openai' }, method: 'POST', target } as never;
}

describe('a memory of refusals', () => {
  let clock: TestClock;
  let recalled: string[];
  let memory: RefusalMemory;

  beforeEach(() => {
    clock = testClock();
    recalled = [];
    memory = refusalMemory({ clock, decisionsStand: true, onRecall: (code) => void recalled.push(code) });
  });

  test('tells the same request what it was told, marked as remembered, and counts it', () => {
    memory.remember({ call: call(), decision, error: denied });
    const again = memory.recall(call());
    expect(again).toMatchObject({ decision, error: { code: 'policy.denied', message: 'no', rule: 'p/no' } });
    expect(again?.error.isRemembered).toBe(true);
    expect(recalled).toEqual(['policy.denied']);
  });

  test.each<[string, Parts]>([
    ['another body of the same length', { body: '{"x":2}' }],
    ['another body', { body: '{"x":10}' }],
    ['another run', { run: 'q' }],
    ['another place in the tree of runs', { depth: 1 }],
    ['another resource', { resource: 'model/openai/other' }],
    ['another operation', { target: '/responses' }],
    ["the run's last word", { isFinal: true }],
  ])('knows nothing of %s', (_, parts) => {
    memory.remember({ call: call(), decision, error: denied });
    expect(memory.recall(call(parts))).toBeUndefined();
    expect(memory.recall(call())).toBeDefined();
  });

  test('takes messages of JSON-RPC by their arguments: their ids differ every time', () => {
    memory.remember({ call: call({ args: { a: 1 }, body: '{"id":9}' }), decision, error: denied });
    expect(memory.recall(call({ args: { a: 1 }, body: '{"id":10}' }))).toBeDefined();
    expect(memory.recall(call({ args: { a: 2 }, body: '{"id":9}' }))).toBeUndefined();
  });

  test('keeps those of two tokens of one agent apart, though they be shown in turns', () => {
    const by = (tokenId: string, one: Call): Call => {
      const principal = { ...first.access.principal, delegation: { tokenId } as never };
      return { ...one, access: { ...one.access, principal } };
    };
    const [one, other] = [by('a', call()), by('b', call())];
    memory.remember({ call: one, decision, error: denied });
    expect(memory.recall(other)).toBeUndefined();
    expect(memory.recall(one)).toBeDefined();
  });

  test('forgets with the token: another principal of the same name is asked anew', () => {
    memory.remember({ call: call(), decision, error: denied });
    const other = call();
    const access = { ...other.access, principal: { ...other.access.principal } };
    expect(memory.recall({ ...other, access })).toBeUndefined();
    expect(memory.recall(call())).toBeUndefined();
  });

  test('remembers a denial for a minute, and none where policies read the time', () => {
    memory.remember({ call: call(), decision, error: denied });
    clock.advance(59_999);
    expect(memory.recall(call())).toBeDefined();
    clock.advance(1);
    expect(memory.recall(call())).toBeUndefined();
    const timed = refusalMemory({ clock, decisionsStand: false, onRecall: () => {} });
    timed.remember({ call: call(), decision, error: denied });
    expect(timed.recall(call())).toBeUndefined();
  });

  test.each([
    [1_200, 1_200],
    [Infinity, 5_000],
  ])('remembers a refusal of a limit that stands for %d ms for %d ms', (standsMs, ms) => {
    const error = new GatewayError('limit.rate', 'no', { standsMs, retryAfterMs: 7 });
    memory.remember({ call: call(), decision, error });
    clock.advance(ms - 1);
    expect(memory.recall(call())?.error).toMatchObject({ retryAfterMs: 7 });
    clock.advance(1);
    expect(memory.recall(call())).toBeUndefined();
  });

  test('never remembers what may pass the next time, was remembered itself, or is no refusal of a call', () => {
    memory.remember({ call: call(), decision, error: new GatewayError('limit.held', 'no', { retryAfterMs: 1_000 }) });
    memory.remember({ call: call(), decision, error: new GatewayError('audit.unavailable', 'no') });
    memory.remember({ call: call(), decision, error: new GatewayError('policy.denied', 'no', { isRemembered: true }) });
    memory.remember({ call: call(), decision, error: undefined });
    memory.remember({ call: call(), decision: undefined, error: denied });
    memory.remember({ call: undefined, decision, error: denied });
    expect(memory.recall(call())).toBeUndefined();
  });

  test('is bounded', () => {
    for (let index = 0; index < 5_000; index += 1)
      memory.remember({ call: call({ run: `r${index}` }), decision, error: denied });
    expect(memory.recall(call({ run: 'r0' }))).toBeUndefined();
    expect(memory.recall(call({ run: 'r4999' }))).toBeDefined();
  });
});
