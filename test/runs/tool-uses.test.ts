import { beforeEach, describe, expect, test } from 'vitest';
import type { ToolAsk, ToolUse } from '../../src/core/tool-traffic.ts';
import { digestOf } from '../../src/core/digest.ts';
import type { UseStore } from '../../src/runs/tool-use.ts';
import { memoryUses, memoryUseStore } from '../../src/runs/tool-use-memory.ts';
import { ToolUses } from '../../src/runs/tool-uses.ts';
import { NOON, testClock } from '../limits/ledger.ts';
import { callOf, principal, run, toolCall } from './traffic.ts';

const ARGS = { n: 1 };
const clock = testClock();
let failures: unknown[];

beforeEach(() => {
  clock.set(NOON);
  failures = [];
});

function replica(shared?: UseStore) {
  const own = memoryUses({ clock });
  return new ToolUses({ clock, own, shared, onError: (cause) => failures.push(cause) });
}

/** A store that counts what it is asked. */
function counted(): UseStore & { readonly joins: string[] } {
  const store = memoryUseStore(memoryUses({ clock }));
  const joins: string[] = [];
  return {
    ...store,
    joins,
    join(tenant, call) {
      joins.push(call.name);
      return store.join(tenant, call);
    },
  };
}

const modelCall = (...names: readonly string[]) => callOf({ access: { run: run(...names) } });
const ask = (id: string, name = 'mcp__github__get_issue', args: object = ARGS): ToolAsk => {
  return { id, name, argsDigest: digestOf(args) };
};
const calls = (id?: string, name = 'get_issue', args = ARGS) => {
  return toolCall(name, args, id === undefined ? {} : { toolUseId: id });
};

describe('in one gateway', () => {
  test('a call belongs to the run whose answer asked for it, at once', () => {
    const uses = replica();
    uses.ended(modelCall('root', 'one'), [ask('a')]);
    uses.ended(modelCall('root', 'two'), [ask('b'), ask('c', 'mcp__github__list', { q: 'x' })]);
    expect(uses.runOfToolCall(calls('b'))).toEqual(['root', 'two']);
    expect(uses.runOfToolCall(calls('a'))).toEqual(['root', 'one']);
  });

  test('so does one that says no id, by name and arguments', () => {
    const uses = replica();
    uses.ended(modelCall('root', 'one'), [ask('a')]);
    uses.ended(modelCall('root', 'two'), [ask('b', 'github_get_issue')]);
    expect([uses.runOfToolCall(calls()), uses.runOfToolCall(calls())]).toEqual([
      ['root', 'one'],
      ['root', 'two'],
    ]);
    expect(uses.runOfToolCall(calls(undefined, 'get_issue', { n: 2 }))).toBeUndefined();
  });

  test('providers without ids are told apart by their calls and places', () => {
    const uses = replica();
    uses.ended(modelCall('root', 'one'), [ask('', 'get_issue'), ask('', 'get_issue')]);
    uses.ended(modelCall('root', 'two'), [ask('', 'get_issue')]);
    const joined = [1, 2, 3].map(() => uses.runOfToolCall(calls()));
    expect(joined).toEqual([
      ['root', 'one'],
      ['root', 'one'],
      ['root', 'two'],
    ]);
  });

  test('a call may come before the answer that asks for it has ended', () => {
    const uses = replica();
    const call = modelCall('root', 'one');
    const told: ToolUse[] = [];
    const seat = uses.watch(call, told);
    uses.watch(modelCall('root', 'two'), []);
    expect(uses.runOfToolCall(calls('a'))).toBeUndefined();
    told.push({ id: 'a', name: 'mcp__github__get_issue', input: '{"n":' });
    expect(uses.runOfToolCall(calls('a'))).toEqual(['root', 'one']);
    expect(uses.runOfToolCall(calls(undefined))).toBeUndefined();
    seat.leave();
    uses.ended(call, [ask('a')]);
    expect(uses.runOfToolCall(calls('a'))).toEqual(['root', 'one']);
  });

  test('an answer that ended is not looked at any more', () => {
    const uses = replica();
    const call = modelCall('root', 'one');
    const seat = uses.watch(call, [{ id: 'a', name: 'x', input: undefined }]);
    seat.leave();
    seat.leave();
    expect(uses.runOfToolCall(calls('a'))).toBeUndefined();
  });

  test('nobody finds what the models of another principal asked for', () => {
    const uses = replica();
    const live = modelCall('root', 'two');
    uses.ended(modelCall('root', 'one'), [ask('a')]);
    uses.watch(live, [{ id: 'b', name: 'x', input: undefined }]);
    const stranger = { access: { principal: principal('stranger') } };
    expect(uses.runOfToolCall(toolCall('get_issue', ARGS, { ...stranger, toolUseId: 'a' }))).toBeUndefined();
    expect(uses.runOfToolCall(toolCall('get_issue', ARGS, { ...stranger, toolUseId: 'b' }))).toBeUndefined();
    expect(uses.runOfToolCall(toolCall('get_issue', ARGS, stranger))).toBeUndefined();
  });
});

describe('in several gateways', () => {
  test('a call finds the answer that another one served', async () => {
    const shared = counted();
    const [here, there] = [replica(shared), replica(shared)];
    here.ended(modelCall('root', 'one'), [ask('a'), ask('b')]);
    expect(await there.runOfToolCall(calls('a'))).toEqual(['root', 'one']);
    expect(await there.runOfToolCall(calls())).toEqual(['root', 'one']);
  });

  test('a call with the id of another one’s answer is not taken for what is alike here', async () => {
    const shared = counted();
    const [here, there] = [replica(shared), replica(shared)];
    here.ended(modelCall('root', 'one'), [ask('a')]);
    there.ended(modelCall('root', 'two'), [ask('b')]);
    expect(await here.runOfToolCall(calls('b'))).toEqual(['root', 'two']);
    expect(here.runOfToolCall(calls('a'))).toEqual(['root', 'one']);
  });

  test.each([true, false])(
    'what this one finds without an id is the one that the others are told of',
    async (isFirst) => {
      const shared = counted();
      const [here, there] = [replica(shared), replica(shared)];
      if (!isFirst) there.ended(modelCall('root', 'two'), [ask('b')]);
      here.ended(modelCall('root', 'one'), [ask('a')]);
      if (isFirst) there.ended(modelCall('root', 'two'), [ask('b')]);
      expect(here.runOfToolCall(calls())).toEqual(['root', 'one']);
      const third = replica(shared);
      expect(await third.runOfToolCall(calls())).toEqual(['root', 'two']);
    },
  );

  test('what this one knows is not asked for, and told to the others', async () => {
    const shared = counted();
    const [here, there] = [replica(shared), replica(shared)];
    here.ended(modelCall('root', 'one'), [ask('a')]);
    expect(here.runOfToolCall(calls('a'))).toEqual(['root', 'one']);
    expect(shared.joins).toEqual(['get_issue']);
    here.ended(modelCall('root', 'two'), [ask('b')]);
    // `a` is known to have come by, so that `b` is meant.
    expect(await there.runOfToolCall(calls())).toEqual(['root', 'two']);
  });

  test('a principal whose calls no model asked for waits three times, and then not for ten seconds', async () => {
    const shared = counted();
    const uses = replica(shared);
    for (let time = 0; time < 3; time += 1) expect(await uses.runOfToolCall(calls())).toBeUndefined();
    expect(uses.runOfToolCall(calls())).toBeUndefined();
    expect(shared.joins).toHaveLength(3);
    expect(uses.runOfToolCall(calls('a'))).toBeUndefined();
    expect(shared.joins).toHaveLength(4);
    clock.advance(10_001);
    replica(shared).ended(modelCall('root', 'one'), [ask('b')]);
    expect(await uses.runOfToolCall(calls())).toEqual(['root', 'one']);
    clock.advance(1);
    expect(uses.runOfToolCall(calls())).toBeInstanceOf(Promise);
  });

  test('a store that does not answer leaves a call where it is, and is told of', async () => {
    const gone = new Error('gone');
    const fail = () => Promise.reject(gone);
    const uses = replica({ remember: fail, join: fail, tell: fail });
    uses.ended(modelCall('root', 'one'), [ask('a')]);
    expect(uses.runOfToolCall(calls('a'))).toEqual(['root', 'one']);
    expect(await uses.runOfToolCall(calls('b', 'other'))).toBeUndefined();
    await new Promise((resolve) => setImmediate(resolve));
    expect(failures).toEqual([gone, gone, gone]);
  });
});
