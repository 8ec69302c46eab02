import { beforeEach, describe, expect, test } from 'vitest';
import type { Call } from '../../src/core/call.ts';
import type { TreeBound } from '../../src/core/decision.ts';
import { sha256 } from '../../src/core/digest.ts';
import { GatewayError } from '../../src/core/errors.ts';
import { unlessRepeated } from '../../src/runs/loop-admission.ts';
import { LoopGuard, PAUSE_MS, type Repeated } from '../../src/runs/loop-guard.ts';
import { memoryLoops } from '../../src/runs/loop-memory.ts';
import { redisLoops } from '../../src/runs/loop-redis.ts';
import type { LoopStore } from '../../src/runs/loop-store.ts';
import { NOON, testClock } from '../limits/ledger.ts';
import { callOf, run, toolCall, toolResult } from './traffic.ts';

const clock = testClock();
const bound = (repeats: number, enforced = true): TreeBound => ({ id: `p/r${repeats}`, enforced, repeats });
let guard: LoopGuard;
let failures: unknown[];

beforeEach(() => {
  clock.set(NOON);
  failures = [];
  guard = new LoopGuard({ store: memoryLoops({ clock }), onError: (cause) => failures.push(cause) });
});

/** Carries out a call unless it is refused; says which. */
async function runs(call: Call, said: string, bounds: readonly TreeBound[] = [bound(3)]): Promise<'ran' | 'refused'> {
  const repeated = await guard.check(call, bounds);
  if (repeated?.bound.enforced) return 'refused';
  guard.note(call, sha256(said));
  return 'ran';
}

async function all(count: number, make: (index: number) => readonly [Call, string]): Promise<string> {
  let seen = '';
  for (let index = 0; index < count; index += 1) seen += (await runs(...make(index))) === 'ran' ? '.' : 'x';
  return seen;
}

const get = (n: number, names = ['root']) => toolCall('get_issue', { n }, { access: { run: run(...names) } });

describe('a call that gives the same result', () => {
  test('is made as often as the bound says, and then refused', async () => {
    expect(await all(6, () => [get(1), 'same'])).toBe('...xxx');
  });

  test('is told from one with other arguments, on another tool, and in another tree', async () => {
    expect(await all(9, (index) => [get(index % 3), 'same'])).toBe('.........');
    expect(await runs(get(1), 'same')).toBe('refused');
    expect(await runs(get(9), 'same')).toBe('ran');
    expect(await runs(toolCall('list', { n: 1 }), 'same')).toBe('ran');
    expect(await runs(get(1, ['other tree']), 'same')).toBe('ran');
  });

  test('counts across the agents of a tree', async () => {
    expect(await all(5, (index) => [get(1, ['root', `child ${index}`]), 'same'])).toBe('...xx');
  });

  test('counts as a ping-pong of two calls', async () => {
    expect(await all(10, (index) => [get(index % 2), 'same'])).toBe('......xxxx');
  });

  test('is no loop where what it gives changes, as with polling', async () => {
    expect(await all(20, (index) => [get(1), `${index} % done`])).toBe('.'.repeat(20));
    expect(await all(12, (index) => [get(2), `step ${Math.floor(index / 2)}`])).toBe('.'.repeat(12));
  });

  test('is let through once after a pause, and freed where it gives another result', async () => {
    expect(await all(4, () => [get(1), 'same'])).toBe('...x');
    clock.advance(PAUSE_MS);
    expect(await all(2, () => [get(1), 'same'])).toBe('.x');
    clock.advance(PAUSE_MS);
    expect(await all(4, () => [get(1), 'new'])).toBe('...x');
  });

  test('the order of its arguments makes no difference', async () => {
    const made = (index: number) => toolCall('t', index % 2 === 0 ? { a: 1, b: 2 } : { b: 2, a: 1 });
    expect(await all(4, (index) => [made(index), 'same'])).toBe('...x');
  });

  test('the refusal says what is repeated, how often, by which rule, and what to do', async () => {
    await all(3, () => [get(1), 'same']);
    const repeated = await guard.check(get(1), [bound(3)]);
    expect(repeated?.error).toMatchObject({ code: 'run.repeats', rule: 'p/r3', retry: false });
    expect(repeated?.error.message).toBe(
      '`tool/github/get_issue` was called 3 times in this run with the same arguments, each time with the same result, and `p/r3` allows 3 times; it was not called again: use the result that it gave, or do something else',
    );
  });
});

describe('which calls', () => {
  const http = (body: string) =>
    callOf({
      dialect: 'http',
      target: '/issues',
      body: Buffer.from(body),
      access: { action: 'http.request', resource: { kind: 'http', upstream: 'tickets', name: 'POST /issues' } },
    });

  test('calls of an API are the same where they send the same', async () => {
    expect(await all(4, (index) => [http(String(index)), 'ok'])).toBe('....');
    expect(await all(4, () => [http('a'), 'ok'])).toBe('...x');
  });

  test('what a model is asked is never a repetition, and without a bound nothing is asked', () => {
    expect(guard.check(callOf(), [bound(1)])).toBeUndefined();
    expect(guard.check(get(1), [{ id: 'p/depth', enforced: true, depth: 3 }])).toBeUndefined();
    expect([
      guard.guards(callOf(), [bound(1)]),
      guard.guards(get(1), [{ id: 'p/depth', enforced: true, depth: 3 }]),
      guard.guards(get(1), [bound(1)]),
    ]).toEqual([false, false, true]);
  });

  test('the tightest bound decides, and one in shadow mode only where no enforced one does', async () => {
    await all(2, () => [get(1), 'same']);
    const passed = async (...bounds: readonly TreeBound[]) => (await guard.check(get(1), bounds))?.bound.id;
    expect(await passed(bound(9), bound(2))).toBe('p/r2');
    expect(await passed(bound(1, false), bound(2))).toBe('p/r2');
    expect(await passed(bound(1, false), bound(9))).toBe('p/r1');
    expect(await passed(bound(3))).toBeUndefined();
  });
});

describe('local tools', () => {
  let told = 0;
  const tells = (said = 'same', command = 'ls') => {
    told += 1;
    return { ...toolResult(`toolu_${told}`, { args: { command }, said }), isNew: true };
  };

  test('stop the call of the model that tells of one repetition too many, and no other', async () => {
    for (let time = 0; time < 3; time += 1) expect(await guard.check(callOf(), [bound(3)], [tells()])).toBeUndefined();
    const last = tells();
    const repeated = await guard.check(callOf(), [bound(3)], [tells('same', 'pwd'), last]);
    expect(repeated?.error.message).toBe(
      'the tool `Bash` was run 4 times in this run with the same arguments, each time with the same result, and `p/r3` allows 3 times; this call of the model is refused: go on in another way',
    );
    // Sent again, perhaps with a word of its user: it was stopped once, and nothing new is told.
    expect(await guard.check(callOf(), [bound(3)], [last])).toBeUndefined();
    expect(await guard.check(callOf(), [bound(3)], [{ ...tells(), isNew: false }])).toBeUndefined();
    expect(await guard.check(callOf(), [bound(3)], [tells('another')])).toBeUndefined();
    expect(await guard.check(callOf(), [bound(3)], [])).toBeUndefined();
  });
});

describe('beside an admission', () => {
  const released: string[] = [];
  const held = (verdict: Promise<Repeated | undefined> | undefined, admission = Promise.resolve('held')) => {
    released.length = 0;
    return unlessRepeated(verdict, admission, (what) => released.push(what));
  };
  const repeated = (enforced: boolean): Repeated => {
    return { bound: bound(1, enforced), error: new GatewayError('run.repeats', 'again') };
  };

  test('the look at a store is asked at once, so that both leave in one turn', () => {
    let asked = 0;
    const client = { run: () => Promise.resolve(String((asked += 1))) };
    void new LoopGuard({ store: redisLoops(client), onError: () => {} }).check(get(1), [bound(3)]);
    expect(asked).toBe(1);
  });

  test('a call that does not repeat itself has what its admission gives', async () => {
    expect(await held(undefined)).toBe('held');
    expect(await held(Promise.resolve(undefined))).toBe('held');
    expect(await held(Promise.resolve(repeated(false)))).toBe('held');
    expect(released).toEqual([]);
  });

  test('one that does gives it back, also where it is admitted later', async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    await expect(held(Promise.resolve(repeated(true)), promise)).rejects.toMatchObject({ code: 'run.repeats' });
    expect(released).toEqual([]);
    resolve('late');
    await new Promise((turn) => setImmediate(turn));
    expect(released).toEqual(['late']);
  });

  test('what fails of the two is what the caller is told', async () => {
    const failed = () => Promise.reject(new GatewayError('limit.rate', 'too fast'));
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const both = held(promise, failed());
    await new Promise((turn) => setImmediate(turn));
    resolve(undefined);
    await expect(both).rejects.toMatchObject({ code: 'limit.rate' });
    await expect(held(Promise.resolve(repeated(true)), failed())).rejects.toMatchObject({ code: 'run.repeats' });
  });
});

describe('a store that does not answer', () => {
  const gone = new Error('gone');
  const store: LoopStore = { ask: () => Promise.reject(gone) };

  test('refuses what it should have looked at', async () => {
    const blind = new LoopGuard({ store, onError: () => {} });
    await expect(blind.check(get(1), [bound(3)])).rejects.toMatchObject({ code: 'limit.unavailable', cause: gone });
  });

  test('leaves out what it should have noted, and says so', async () => {
    const deaf = new LoopGuard({ store, onError: (cause) => failures.push(cause) });
    deaf.note(get(1), sha256('x'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(failures).toEqual([gone]);
  });
});
