// What holds for any policies and any request.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AccessRequest, Action } from '../../src/core/access.ts';
import type { Decision } from '../../src/core/decision.ts';
import { decide } from '../../src/policy/decide.ts';
import type { Rule } from '../../src/policy/policy-set.ts';
import { matchesTarget } from '../../src/policy/target-index.ts';
import { bind } from './expressions.ts';
import { policies, policiesUnder, principal, request, run } from './fixtures.ts';

const ACTIONS: readonly Action[] = ['tool.call', 'tool.list', 'model.generate'];
const pattern = fc.constantFrom('tool/a/*', 'tool/a/x', 'tool/*/{x,y*}', 'model/a/*', 'model/*/x');
const when = fc.constantFrom(
  'has(args.n) && args.n > 1',
  'has(args.n) && args.n == 1',
  '!has(args.n)',
  'agent == "one"',
  'args.?n.orValue(true)',
  'subject.startsWith("a") || has(args.n)',
  '"seen" in run.labels',
  'run.steps >= 5',
);

const rule = fc.record(
  {
    effect: fc.constantFrom('allow', 'allow', 'allow', 'deny', 'hold'),
    action: fc.constantFrom('tool.call', 'tool.list', 'model.*'),
    on: pattern,
    when,
  },
  { requiredKeys: ['effect', 'action'] },
);

interface Drawn {
  readonly effect: string;
  readonly action: string;
  readonly on?: string;
  readonly when?: string;
}

interface DrawnPolicy {
  readonly mode: string;
  readonly applies?: string;
  readonly rules: readonly Drawn[];
}

const policy = fc.record(
  {
    mode: fc.constantFrom('enforce', 'enforce', 'shadow'),
    applies: fc.constantFrom('agent == "one"', 'tenant != "x"', 'int(subject) > 1'),
    rules: fc.array(rule, { minLength: 1, maxLength: 4 }),
  },
  { requiredKeys: ['mode', 'rules'] },
);

/** The text of a drawn policy; rules whose `on` is of another kind than their action say nothing of it. */
function textOf({ mode, applies, rules }: DrawnPolicy, index: number, order: 1 | -1 = 1): string {
  const written = rules.map(({ effect, action, on, when: condition }, number) => ({
    id: `r${number}`,
    [effect]: action,
    ...(on?.startsWith(action.slice(0, 4)) && { on }),
    ...(condition && { when: condition }),
  }));
  return JSON.stringify({
    policy: `p${index}`,
    mode,
    ...(applies && { applies }),
    rules: order === 1 ? written : written.toReversed(),
  });
}

const drawn = fc.array(policy, { maxLength: 4 });

const asked: fc.Arbitrary<AccessRequest> = fc
  .record({
    action: fc.constantFrom(...ACTIONS),
    upstream: fc.constantFrom('a', 'b'),
    name: fc.constantFrom('', 'x', 'yy'),
    agent: fc.constantFrom('one', 'two'),
    subject: fc.constantFrom('ana', '5'),
    args: fc.constantFrom<Record<string, unknown>>({}, { n: 1 }, { n: 2 }, { n: 'x' }),
    labels: fc.constantFrom([], ['seen']),
    steps: fc.constantFrom(0, 5),
  })
  .map(({ action, upstream, name, agent, subject, args, labels, steps }) =>
    request({
      run: run({ tree: { labels: new Set(labels), counts: new Map([['steps', steps]]) } }),
      action,
      resource: `${action.slice(0, action.indexOf('.'))}/${upstream}/${name}`,
      principal: principal({ agent, subject }),
      args,
    }),
  );

const compile = (from: readonly DrawnPolicy[]) => policies(...from.map((each, index) => textOf(each, index)));
const summary = ({ effect, rules, shadow }: Decision) => ({
  effect,
  rules: rules.toSorted(),
  shadow: shadow && { effect: shadow.effect, rules: shadow.rules.toSorted() },
});
/** Another order of rules is another text, and so another revision. */
const unrevised = (decision: Decision): object => {
  const { revision: _, ...rest } = decision;
  if (!('held' in rest)) return rest;
  return { ...rest, held: { ...rest.held, permit: unrevised(rest.held.permit) } };
};
const runs = { numRuns: 120 };

/** Asks every rule there is, one after the other, as the language is described. */
function naive(from: readonly DrawnPolicy[], access: AccessRequest): ReturnType<typeof summary> {
  const set = compile(from);
  const { standings, value } = set.callerOf(access.principal);
  const says = (each: Rule): string => {
    const standing = standings[each.policy.position];
    if (standing === 'out' || !matchesTarget(each, access.action, access.resource)) return 'nothing';
    if (standing === 'failed' && each.effect === 'allow') return 'nothing';
    const outcome = each.when ? bind(access).evaluate(each.when) : true;
    if (typeof outcome !== 'boolean') return each.effect === 'allow' ? 'nothing' : 'deny';
    return outcome ? each.effect : 'nothing';
  };
  expect(value.agent).toBe(access.principal.agent);
  const all = set.policies.flatMap(({ rules }) => rules);
  const ids = (effect: string, shadow: boolean) =>
    all
      .filter((each) => each.policy.shadow === shadow && says(each) === effect)
      .map(({ id }) => id)
      .toSorted();
  const [denied, held, allowed] = [ids('deny', false), ids('hold', false), ids('allow', false)];
  const shadowed = (['deny', 'hold'] as const).map((effect) => ({ effect, rules: ids(effect, true) }));
  const shadow = shadowed.find(({ rules }) => rules.length > 0);
  if (denied.length > 0) return { effect: 'deny', rules: denied, shadow };
  if (allowed.length > 0 && held.length > 0) return { effect: 'hold', rules: held, shadow };
  return allowed.length > 0
    ? { effect: 'permit', rules: allowed, shadow }
    : { effect: 'deny', rules: ['default-deny'], shadow };
}

describe('for any policies and any request', () => {
  test('the index decides as asking every rule does', () => {
    fc.assert(
      fc.property(drawn, asked, (from, access) => {
        expect(summary(decide(compile(from), access))).toEqual(naive(from, access));
      }),
      runs,
    );
  });

  test('one more deny never permits what was refused', () => {
    fc.assert(
      fc.property(drawn, rule, asked, (from, more, access) => {
        const before = decide(compile(from), access);
        const after = decide(compile([...from, { mode: 'enforce', rules: [{ ...more, effect: 'deny' }] }]), access);
        if (before.effect !== 'permit') expect(after.effect).not.toBe('permit');
      }),
      runs,
    );
  });

  test('one more hold never permits what was refused, and lets nothing through that was permitted', () => {
    fc.assert(
      fc.property(drawn, rule, asked, (from, more, access) => {
        const { when: _, on: __, ...everywhere } = more;
        const before = decide(compile(from), access);
        const after = (held: Drawn) =>
          decide(compile([...from, { mode: 'enforce', rules: [{ ...held, effect: 'hold' }] }]), access).effect;
        if (before.effect === 'deny') expect(after(more)).toBe('deny');
        // A hold whose condition fails denies.
        if (before.effect === 'hold') expect(after(more)).not.toBe('permit');
        if (before.effect === 'permit' && access.action === more.action) expect(after(everywhere)).toBe('hold');
      }),
      runs,
    );
  });

  test('an approval makes of a hold the permit that stood without it', () => {
    fc.assert(
      fc.property(drawn, asked, (from, access) => {
        const decision = decide(compile(from), access);
        if (decision.effect !== 'hold') return;
        const free = from.map((each) => ({
          ...each,
          rules: each.rules.map((one) => (one.effect === 'hold' ? { effect: 'allow', action: 'prompt.get' } : one)),
        }));
        const { revision: _, facts: __, rules, counts: ___, shadow: ____, ...rest } = decision.held!.permit;
        const without = decide(compile(free), access);
        expect(without).toMatchObject(rest);
        expect(rules.toSorted()).toEqual([...without.rules, ...decision.rules].toSorted());
      }),
      runs,
    );
  });

  test('one allow fewer never permits what was refused', () => {
    fc.assert(
      fc.property(drawn, asked, (from, access) => {
        const fewer = from.map((each) => ({
          ...each,
          rules: each.rules.filter(({ effect }, index) => effect !== 'allow' || index > 0),
        }));
        const before = decide(compile(from), access);
        const after = decide(compile(fewer.filter(({ rules }) => rules.length > 0)), access);
        if (before.effect !== 'permit') expect(after.effect).not.toBe('permit');
      }),
      runs,
    );
  });

  test('the order of files and rules changes nothing', () => {
    fc.assert(
      fc.property(drawn, asked, (from, access) => {
        const texts = from.map((each, index) => textOf(each, index));
        const reversed = policies(...from.map((each, index) => textOf(each, index, -1)).toReversed());
        expect(unrevised(decide(reversed, access))).toEqual(unrevised(decide(policies(...texts), access)));
        expect(decide(policies(...texts.toReversed()), access)).toEqual(decide(policies(...texts), access));
      }),
      runs,
    );
  });

  test('policies in shadow mode change neither the effect nor the rules', () => {
    fc.assert(
      fc.property(drawn, asked, (from, access) => {
        const texts = from.map((each, index) => textOf(each, index));
        const sober = texts.filter((_, index) => from[index]?.mode !== 'shadow');
        const { shadow: _, ...withShadow } = summary(decide(policies(...texts), access));
        const { shadow: __, ...without } = summary(decide(policies(...sober), access));
        expect(withShadow).toEqual(without);
      }),
      runs,
    );
  });

  test('observing never refuses, and records exactly what enforcing refuses', () => {
    fc.assert(
      fc.property(drawn, asked, (from, access) => {
        const texts = from.map((each, index) => textOf(each, index));
        const observed = decide(policiesUnder('observe', texts), access);
        const enforced = decide(policies(...texts), access);
        expect(observed.effect).toBe('permit');
        if (enforced.effect === 'permit') expect(observed).toEqual(enforced);
        else
          expect(observed.shadow).toEqual({ effect: enforced.effect, rules: enforced.rules, reason: enforced.reason });
      }),
      runs,
    );
  });
});
