import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GatewayError } from '../../src/core/errors.ts';
import type { CallRecord } from '../../src/core/record.ts';
import type { MicroUsd } from '../../src/core/money.ts';
import type { Metered } from '../../src/core/usage.ts';
import { localSteps, readStep, STEP_BYTES_MAX, stepOf, writeStep } from '../../src/runs/timeline.ts';
import { request } from '../protocols/request.ts';
import { callOf, principal, run, toolCall, toolResult } from './traffic.ts';

const METERED: Metered = {
  usage: { input: 5, cacheRead: 2, cacheWrite: 0, output: 3, reasoning: 0 },
  charge: { tokens: 10, money: 42 as MicroUsd },
  estimated: false,
  model: undefined,
  responseId: undefined,
  finishReasons: [],
};

function record(parts: Partial<CallRecord> = {}): CallRecord {
  return {
    id: callOf().id,
    request: { ...request('POST'), receivedAtMs: 1_000 },
    principal: principal(),
    call: callOf(),
    decision: undefined,
    quote: undefined,
    standings: [],
    status: 200,
    metered: METERED,
    ending: 'complete',
    error: undefined,
    firstByteAtMs: 1_100,
    endedAtMs: 1_250,
    permitted: true,
    ...parts,
  };
}

describe('the step that the end of a call is', () => {
  test('of a model: what it used', () => {
    const call = callOf({ access: { run: run('root', 'child') } });
    expect(stepOf(record({ call }))).toEqual({
      run: 'child',
      step: {
        at: 1_000,
        kind: 'model',
        resource: 'model/anthropic/claude',
        ok: true,
        callId: call.id,
        tokens: 10,
        money: 42,
        ms: 250,
      },
    });
  });

  test('of a tool: the use that it carried out, and whether the tool failed', () => {
    const call = toolCall('get_issue', {}, { toolUseId: 'toolu_1' });
    const metered = {
      ...METERED,
      usage: { ...METERED.usage, input: 0, cacheRead: 0, output: 0 },
      failure: 'tool_error',
    };
    const free = { ...metered, charge: { tokens: 0, money: 0 as MicroUsd } };
    expect(stepOf(record({ call, metered: free }))?.step).toEqual({
      at: 1_000,
      kind: 'tool',
      resource: 'tool/github/get_issue',
      ok: false,
      callId: call.id,
      toolUseId: 'toolu_1',
      ms: 250,
    });
  });

  test('of a refusal: why', () => {
    const error = new GatewayError('policy.denied', 'no');
    const step = stepOf(record({ error, metered: undefined, endedAtMs: 900 }))?.step;
    expect(step).toMatchObject({ ok: false, code: 'policy.denied', ms: 0 });
  });

  test('of an answer that is an error', () => {
    expect(stepOf(record({ status: 429 }))?.step.ok).toBe(false);
  });

  test.each([
    ['a list', record({ call: callOf({ access: { action: 'tool.list' } }) })],
    ['a count', record({ call: callOf({ access: { action: 'model.count' } }) })],
    ['what was never understood', record({ call: undefined })],
  ])('%s is none', (_, ended) => {
    expect(stepOf(ended)).toBeUndefined();
  });

  test.each([
    ['resource.read', 'tool'],
    ['prompt.get', 'tool'],
    ['http.request', 'http'],
    ['agent.send', 'agent'],
    ['run.spawn', 'run'],
    ['tool.local', 'tool.local'],
  ] as const)('%s is a step of the kind %s', (action, kind) => {
    expect(stepOf(record({ call: callOf({ access: { action } }) }))?.step.kind).toBe(kind);
  });
});

test('local tools are steps of the run whose request tells of them', () => {
  const results = [
    { ...toolResult('toolu_1', { isError: true }), isNew: true },
    { ...toolResult('~made'), isNew: true },
  ];
  expect(localSteps(run('root').id, 7, results)).toEqual([
    { run: 'root', step: { at: 7, kind: 'tool.local', resource: 'tool/local/Bash', ok: false, toolUseId: 'toolu_1' } },
    { run: 'root', step: { at: 7, kind: 'tool.local', resource: 'tool/local/Bash', ok: true } },
  ]);
});

describe('as it is stored', () => {
  test('a step leaves out what is missing at its end', () => {
    expect(writeStep({ at: 1, kind: 'tool', resource: 'tool/a/b', ok: true })).toBe('[1,"tool","tool/a/b",1]');
  });

  test('a step has at most 400 bytes, whatever names say, and can be read', () => {
    const text = fc.string({ unit: 'binary', maxLength: 400 });
    fc.assert(
      fc.property(text, text, text, (resource, callId, toolUseId) => {
        const step = {
          at: Number.MAX_SAFE_INTEGER,
          kind: 'tool.local',
          resource,
          ok: false,
          callId,
          toolUseId,
        } as const;
        const most = { code: 'request.too_many_headers', tokens: 1e9, money: 9e15, ms: 1e12 } as const;
        const stored = writeStep({ ...step, ...most });
        expect(Buffer.byteLength(stored)).toBeLessThanOrEqual(STEP_BYTES_MAX);
        expect(stored.isWellFormed()).toBe(true);
        expect(readStep(stored)).toMatchObject({ at: step.at, kind: 'tool.local', ok: false, ...most });
      }),
    );
  });

  test('a short name is whole, a long one shows that it was cut', () => {
    const stored = (resource: string) => readStep(writeStep({ at: 1, kind: 'tool', resource, ok: true }))?.resource;
    expect(stored('tool/a/é"')).toBe('tool/a/é"');
    expect(stored('n'.repeat(121))).toBe(`${'n'.repeat(117)}…`);
  });
});
