import { beforeEach, describe, expect, test } from 'vitest';
import { digestOf } from '../../src/core/digest.ts';
import type { ToolResult } from '../../src/core/tool-traffic.ts';
import type { UseStore } from '../../src/runs/tool-use.ts';
import type { LocalResult } from '../../src/core/tool-traffic.ts';
import { localRequests, LocalTools } from '../../src/runs/tool-use-local.ts';
import { memoryUses, memoryUseStore } from '../../src/runs/tool-use-memory.ts';
import { ToolUses } from '../../src/runs/tool-uses.ts';
import { NOON, testClock } from '../limits/ledger.ts';
import { callOf, run, toolCall, toolResult } from './traffic.ts';

const clock = testClock();
let failures: unknown[];
let recorded: string[];

beforeEach(() => {
  clock.set(NOON);
  failures = [];
  recorded = [];
});

function replica(shared?: UseStore) {
  const own = memoryUses({ clock });
  const onError = (cause: unknown): void => void failures.push(cause);
  const local = new LocalTools({
    clock,
    own,
    shared,
    onError,
    onLocal: (call, results) => recorded.push(`${call.access.run.id}: ${results.map(({ id }) => id).join(' ')}`),
  });
  return { local, uses: new ToolUses({ clock, own, shared, onError }) };
}

const sharedStore = () => memoryUseStore(memoryUses({ clock }));
const tells = (...toolResults: readonly ToolResult[]) => callOf({ toolResults, access: { run: run('root', 'child') } });
const briefly = (results: readonly LocalResult[]) => results.map(({ name, id, isNew }) => [name, id, isNew]);
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('in one gateway', () => {
  test('a tool that did not come by as a call is local, told once and known from then on', async () => {
    const { local } = replica();
    expect(briefly(await local.results(tells(toolResult('a'), toolResult('b', { name: 'Read' }))))).toEqual([
      ['Bash', 'a', true],
      ['Read', 'b', true],
    ]);
    expect(briefly(await local.results(tells(toolResult('b', { name: 'Read' }), toolResult('c'))))).toEqual([
      ['Read', 'b', false],
      ['Bash', 'c', true],
    ]);
    expect(recorded).toEqual(['child: a b', 'child: c']);
  });

  test('a tool that came by is not, whatever it is called', async () => {
    const { local, uses } = replica();
    const name = 'mcp__github__get_issue';
    uses.ended(callOf(), [{ id: 'a', name, argsDigest: digestOf({ n: 1 }) }]);
    await uses.runOfToolCall(toolCall('get_issue', { n: 1 }, { toolUseId: 'a' }));
    expect(local.results(tells(toolResult('a', { name }), toolResult('b', { name })))).toMatchObject([
      { name, id: 'b', isNew: true },
    ]);
  });

  test('a tool without a name has that of the answer which asked for it, or none', async () => {
    const { local, uses } = replica();
    uses.ended(callOf(), [{ id: 'a', name: 'Bash', argsDigest: '' }]);
    const unnamed = { name: '', args: {}, argsDigest: '' };
    expect(briefly(await local.results(tells(toolResult('a', unnamed), toolResult('b', unnamed))))).toEqual([
      ['Bash', 'a', true],
      ['unknown', 'b', true],
    ]);
  });

  test('a request that tells of nothing records nothing', () => {
    const { local } = replica();
    expect(local.results(callOf())).toEqual([]);
    expect(recorded).toEqual([]);
  });
});

describe('in several gateways', () => {
  test('a tool that came by another one is not local here', async () => {
    const shared = sharedStore();
    const [here, there] = [replica(shared), replica(shared)];
    await there.uses.runOfToolCall(toolCall('get_issue', { n: 1 }, { toolUseId: 'a' }));
    const call = tells(toolResult('a', { name: 'mcp__github__get_issue' }), toolResult('b'));
    expect(briefly(await here.local.results(call))).toEqual([['Bash', 'b', true]]);
    // Nothing is left to ask.
    expect(here.local.results(call)).toMatchObject([{ id: 'b', isNew: false }]);
    expect(recorded).toEqual(['child: b']);
  });

  test('what another one was told is known, and recorded once', async () => {
    const shared = sharedStore();
    const call = tells(toolResult('a'));
    await replica(shared).local.results(call);
    expect(briefly(await replica(shared).local.results(call))).toEqual([['Bash', 'a', false]]);
    expect(recorded).toEqual(['child: a']);
  });

  test('for a minute a tool that did not come by is taken for local without waiting, and recorded once that is sure', async () => {
    const shared = sharedStore();
    const [here, there] = [replica(shared), replica(shared)];
    await here.local.results(tells(toolResult('a')));
    await there.local.results(tells(toolResult('b')));
    expect(here.local.results(tells(toolResult('b'), toolResult('c')))).toMatchObject([
      { id: 'b', isNew: true },
      { id: 'c', isNew: true },
    ]);
    await settled();
    expect(recorded).toEqual(['child: a', 'child: b', 'child: c']);
    clock.advance(60_001);
    expect(here.local.results(tells(toolResult('d')))).toBeInstanceOf(Promise);
  });

  test('a tool that comes by once is asked for again', async () => {
    const shared = sharedStore();
    const [here, there] = [replica(shared), replica(shared)];
    await here.local.results(tells(toolResult('a')));
    await there.uses.runOfToolCall(toolCall('Bash', {}, { toolUseId: 'b' }));
    // Taken for local this once.
    expect(here.local.results(tells(toolResult('b')))).toMatchObject([{ id: 'b' }]);
    await settled();
    expect(here.local.results(tells(toolResult('b')))).toEqual([]);
    expect(here.local.results(tells(toolResult('c')))).toBeInstanceOf(Promise);
  });

  test('where the store does not answer, what is not known here is local, and nothing is recorded', async () => {
    const gone = new Error('gone');
    const fail = () => Promise.reject(gone);
    const { local } = replica({ remember: fail, join: fail, tell: fail });
    expect(briefly(await local.results(tells(toolResult('a'))))).toEqual([['Bash', 'a', true]]);
    expect([recorded, failures]).toEqual([[], [gone]]);
  });
});

test('policies decide on local tools as requests of their own, on behalf of the call that tells of them', () => {
  const result = { ...toolResult('a', { args: { command: 'rm -rf /' } }), isNew: true };
  const call = tells(result);
  expect(localRequests(call, [result])).toEqual([
    {
      ...call.access,
      action: 'tool.local',
      resource: { kind: 'tool', upstream: 'local', name: 'Bash' },
      args: { command: 'rm -rf /' },
    },
  ]);
});
