import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Call } from '../../src/core/call.ts';
import { decide } from '../../src/policy/decide.ts';
import { judge } from '../../src/policy/judge.ts';
import { oblige } from '../../src/policy/oblige.ts';
import { chatCall } from '../telemetry/calls.ts';
import { request, rulesOnly } from './fixtures.ts';

const to = (upstream: string): Call => {
  const { decision: _, ...call } = chatCall({
    access: request({ action: 'model.generate', resource: `model/${upstream}/m` }),
  });
  return call;
};
const asked = (preferred: string, ...others: readonly string[]): Call => ({
  ...to(preferred),
  fallbacks: others.map(to),
});
const upstreamOf = ({ access }: Call): string => access.resource.upstream;

/** Allows all models but those of the upstreams named. */
const but = (...upstreams: readonly string[]) =>
  rulesOnly(
    { allow: 'model.generate' },
    ...upstreams.map((name) => ({ deny: 'model.generate', on: `model/${name}/*` })),
  );

/** The upstreams that a call may go to in the end, or the rule that refuses it. */
function outcome(set: ReturnType<typeof but>, call: Call): string[] {
  const judged = judge(set, call);
  if (judged.decision.effect !== 'permit') return [`refused: ${judged.decision.rules[0]}`];
  const permitted = oblige(judged);
  return [permitted, ...permitted.fallbacks].map(upstreamOf);
}

describe('what is decided on a call with candidates', () => {
  test('is what is decided on a call of one', () => {
    const set = but('b');
    for (const name of ['a', 'b']) {
      const call = to(name);
      expect(judge(set, call)).toEqual({ call, decision: decide(set, call.access), fallbacks: [] });
    }
  });

  test.each([
    [[], ['a', 'b', 'c']],
    [['b'], ['a', 'c']],
    [['a'], ['b', 'c']],
    [['a', 'b'], ['c']],
    [['a', 'b', 'c'], ['refused: p/r1']],
  ])('with %j denied is %j', (denied, expected) => {
    expect(outcome(but(...denied), asked('a', 'b', 'c'))).toEqual(expected);
  });

  test('is for each of them by itself: none is sent to that alone would be refused', () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    fc.assert(
      fc.property(fc.shuffledSubarray(names, { minLength: 1 }), fc.subarray(names), (order, denied) => {
        const set = but(...denied);
        const [first = '', ...others] = order;
        const allowed = order.filter((name) => decide(set, to(name).access).effect === 'permit');
        const got = outcome(set, asked(first, ...others));
        if (allowed.length > 0) expect(got).toEqual(allowed);
        else expect(got).toEqual([expect.stringMatching(/^refused: /)]);
      }),
    );
  });

  test('carries the permit of each with it', () => {
    const permitted = oblige(judge(but(), asked('a', 'b')));
    expect(permitted.decision.effect).toBe('permit');
    expect(permitted.fallbacks[0]?.decision.effect).toBe('permit');
  });
});
