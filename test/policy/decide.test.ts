import { describe, expect, test } from 'vitest';
import type { AccessRequest } from '../../src/core/access.ts';
import type { Decision } from '../../src/core/decision.ts';
import { decide } from '../../src/policy/decide.ts';
import { type Policy, policySet } from '../../src/policy/policy-set.ts';
import { policies, policiesUnder, principal, request, rulesOnly } from './fixtures.ts';

const allow = { allow: 'tool.call', on: 'tool/github/*' };
const deny = { deny: 'tool.call', on: 'tool/github/get_*' };

const reasonOf = (decision: Decision): string => (decision.effect === 'permit' ? '' : decision.reason);

/** The same set, its denying rules holding instead: this version compiles no `hold`. */
function holding(set: ReturnType<typeof policies>) {
  const hold = (policy: Policy): Policy => ({
    ...policy,
    rules: policy.rules.map((rule) => (rule.effect === 'deny' ? { ...rule, effect: 'hold' } : rule)),
  });
  return policySet(set.policies.map(hold), set);
}

describe('nothing is allowed', () => {
  test('without a policy', () => {
    const decision = decide(policies(), request());
    expect(decision).toEqual({
      effect: 'deny',
      rules: ['default-deny'],
      revision: policies().revision,
      shadow: undefined,
      facts: {},
      reason:
        'no rule allows `tool.call` on `tool/github/get_file` for agent `researcher`; retrying will not help: do without it, or ask the owner of the policies',
    });
  });

  test('that no rule allows', () => {
    const set = rulesOnly(
      { allow: 'tool.call', on: 'tool/other/*' },
      { allow: 'tool.list' },
      { ...allow, when: 'agent == "x"' },
    );
    expect(decide(set, request())).toMatchObject({ effect: 'deny', rules: ['default-deny'] });
  });

  test('for a caller without an agent it is told as its subject', () => {
    const asked = request({ principal: principal({ agent: '' }) });
    expect(reasonOf(decide(policies(), asked))).toContain('for subject `ana`');
  });
});

describe('a permit', () => {
  test('names every rule that allows', () => {
    const set = rulesOnly(allow, { ...allow, when: 'agent == "researcher"' }, { ...allow, when: 'agent == "x"' });
    expect(decide(set, request())).toEqual({
      effect: 'permit',
      rules: ['p/r0', 'p/r1'],
      revision: set.revision,
      shadow: undefined,
      facts: {},
      obligations: [],
      quotas: [],
    });
  });

  test.each([
    ['tool.list', 'tool/github/'],
    ['tool.list', 'resource/github/'],
    ['model.list', 'model/openai/'],
  ] as const)('of `%s` stands on narrowing the list', (action, resource) => {
    const set = rulesOnly({ allow: ['tool.list', 'model.list'] });
    expect(decide(set, request({ action, resource }))).toMatchObject({ obligations: [{ kind: 'narrow' }] });
  });

  test('carries the limits of the policies that apply and match', () => {
    const set = policies(
      'policy: a\nrules: [{ id: r, allow: tool.call }]\nlimits: [{ id: l, rate: 1/s }, { id: m, rate: 1/s, on: model.* }]',
      'policy: b\napplies: agent == "x"\nlimits: [{ id: l, rate: 1/s }]',
      'policy: c\nmode: shadow\nlimits: [{ id: l, rate: 1/s, on: tool/github/* }]',
    );
    const decision = decide(set, request());
    const quotas = decision.effect === 'permit' ? decision.quotas : [];
    expect(new Map(quotas.map(({ id, enforced }) => [id, enforced]))).toEqual(
      new Map([
        ['a/l', true],
        ['c/l', false],
      ]),
    );
  });
});

describe('a refusal', () => {
  test('outranks whatever allows, and names every rule that refuses', () => {
    const set = rulesOnly(allow, deny, { ...deny, because: 'it is so' }, { ...deny, when: 'agent == "x"' });
    expect(decide(set, request())).toMatchObject({ effect: 'deny', rules: ['p/r1', 'p/r2'] });
  });

  test('says which rule, why, and what to do next', () => {
    const set = rulesOnly(allow, { ...deny, because: 'files are read by people' });
    expect(reasonOf(decide(set, request()))).toBe(
      '`tool.call` on `tool/github/get_file` is denied by rule `p/r1`: files are read by people; retrying will not help: do without it, or ask the owner of the policies',
    );
  });

  test('repeats no endless name', () => {
    const reason = reasonOf(decide(policies(), request({ resource: `tool/github/${'x'.repeat(9_000)}` })));
    expect(reason.length).toBeLessThan(400);
    expect(reason).toContain('xx…`');
  });
});

describe('a hold', () => {
  test('suspends what a rule allows', () => {
    const set = holding(rulesOnly(allow, { ...deny, because: 'a person decides' }));
    expect(decide(set, request())).toMatchObject({
      effect: 'hold',
      rules: ['p/r1'],
      reason:
        '`tool.call` on `tool/github/get_file` is held by rule `p/r1`: a person decides; a person has to approve it',
    });
  });

  test('permits nothing on its own, and yields to a deny', () => {
    expect(decide(holding(rulesOnly(deny)), request())).toMatchObject({ effect: 'deny', rules: ['default-deny'] });
    const failing = { ...deny, when: 'args.?x.orValue("")' };
    expect(decide(holding(rulesOnly(allow, failing)), request())).toMatchObject({ effect: 'deny', rules: ['p/r1'] });
  });

  test('in shadow is only recorded', () => {
    const set = policies(
      'policy: a\nrules: [{ id: r, allow: tool.call }]',
      'policy: b\nmode: shadow\nrules: [{ id: h, deny: tool.call }]',
    );
    expect(decide(holding(set), request())).toMatchObject({
      effect: 'permit',
      shadow: { effect: 'hold', rules: ['b/h'] },
    });
  });
});

describe('a condition that fails', () => {
  const when = 'has(args.n) && args.n > 5';
  const asked = request({ args: { n: 'many' } });

  test('does not allow, and the reason says so', () => {
    const decision = decide(rulesOnly({ ...allow, when }), asked);
    expect(decision).toMatchObject({ effect: 'deny', rules: ['default-deny'] });
    expect(reasonOf(decision)).toContain('(rule `p/r0` failed: no such overload: dyn<string> > int)');
  });

  test('denies, and the reason says so', () => {
    const decision = decide(rulesOnly(allow, { ...deny, when }), asked);
    expect(decision).toMatchObject({ effect: 'deny', rules: ['p/r1'] });
    expect(reasonOf(decision)).toContain(
      'since the condition of rule `p/r1` failed (no such overload: dyn<string> > int)',
    );
  });

  test('does not take away what another rule allows', () => {
    expect(decide(rulesOnly({ ...allow, when }, allow), asked)).toMatchObject({ effect: 'permit', rules: ['p/r1'] });
  });
});

describe('`applies`', () => {
  const only = (agent: string, rule: string) => `policy: ${agent}\napplies: agent == "${agent}"\nrules: [${rule}]`;

  test('keeps a policy from everybody else', () => {
    const set = policies(
      only('researcher', '{ id: r, allow: tool.call }'),
      only('writer', '{ id: r, deny: tool.call }'),
    );
    expect(decide(set, request())).toMatchObject({ effect: 'permit', rules: ['researcher/r'] });
    expect(decide(set, request({ principal: principal({ agent: 'writer' }) }))).toMatchObject({
      effect: 'deny',
      rules: ['writer/r'],
    });
    expect(decide(set, request({ principal: principal({ agent: 'x' }) }))).toMatchObject({ rules: ['default-deny'] });
  });

  test('that fails refuses and limits, but allows nothing', () => {
    const failing = (rules: string) => `policy: f\napplies: int(subject) > 5\n${rules}`;
    const sound = 'policy: s\nrules: [{ id: r, allow: tool.call }]';
    expect(decide(policies(failing('rules: [{ id: r, allow: tool.call }]')), request())).toMatchObject({
      effect: 'deny',
      reason: expect.stringContaining('(rule `f/r` failed: the `applies` of its policy failed)'),
    });
    expect(decide(policies(sound, failing('rules: [{ id: r, deny: tool.call }]')), request())).toMatchObject({
      rules: ['f/r'],
    });
    expect(decide(policies(sound, failing('limits: [{ id: l, rate: 1/s }]')), request())).toMatchObject({
      effect: 'permit',
      quotas: [{ id: 'f/l' }],
    });
  });

  test('is asked once for a principal, however many requests it sends', () => {
    let reads = 0;
    const asking = Object.defineProperty({ ...principal() }, 'agent', {
      get: () => (reads++, 'researcher'),
      enumerable: true,
    });
    const set = policies(only('researcher', '{ id: r, allow: tool.call }'));
    for (let count = 0; count < 5; count++) expect(decide(set, request({ principal: asking })).effect).toBe('permit');
    expect(reads).toBe(1);
  });
});

describe('shadow', () => {
  const shadow = (rule: string) => `policy: s\nmode: shadow\nrules: [${rule}]`;
  const sound = 'policy: p\nrules: [{ id: r, allow: tool.call, on: tool/github/* }]';

  test('records what a policy would refuse, and refuses nothing', () => {
    expect(decide(policies(sound, shadow('{ id: d, deny: tool.call, because: so }')), request())).toMatchObject({
      effect: 'permit',
      rules: ['p/r'],
      shadow: { effect: 'deny', rules: ['s/d'], reason: expect.stringContaining('by rule `s/d`: so') },
    });
  });

  test('allows nothing, and so is not even asked', () => {
    const set = policies(shadow('{ id: a, allow: tool.call, when: args.?x.orValue(1) == 1 }'));
    const decision = decide(set, request({ args: { x: 1 } }));
    expect(decision).toMatchObject({ effect: 'deny', rules: ['default-deny'], shadow: undefined });
    expect(decision.facts).toEqual({});
  });

  test('stands beside what is really refused', () => {
    const set = policies('policy: p\nrules: [{ id: r, deny: tool.call }]', shadow('{ id: d, deny: tool.call }'));
    expect(decide(set, request())).toMatchObject({ effect: 'deny', rules: ['p/r'], shadow: { rules: ['s/d'] } });
  });
});

describe('observing', () => {
  const observe = (...texts: readonly string[]) => policiesUnder('observe', texts);

  test('refuses nothing and records what would have been', () => {
    expect(decide(observe(), request())).toMatchObject({
      effect: 'permit',
      rules: ['observe'],
      shadow: { effect: 'deny', rules: ['default-deny'] },
    });
    const set = observe('policy: p\nrules: [{ id: d, deny: tool.call, because: so }]\nlimits: [{ id: l, rate: 1/s }]');
    expect(decide(set, request())).toMatchObject({
      effect: 'permit',
      rules: ['observe'],
      shadow: { effect: 'deny', rules: ['p/d'], reason: expect.stringContaining('so') },
      quotas: [{ id: 'p/l', enforced: false }],
    });
  });

  test('keeps permits and their obligations as they are', () => {
    const set = observe('policy: p\nrules: [{ id: a, allow: tool.list }]');
    expect(decide(set, request({ action: 'tool.list', resource: 'tool/github/' }))).toMatchObject({
      effect: 'permit',
      rules: ['p/a'],
      shadow: undefined,
      obligations: [{ kind: 'narrow' }],
    });
  });
});

describe('facts', () => {
  test('are the arguments that conditions read, of a permit and of a refusal', () => {
    const when = 'has(args.owner) && args.owner == "acme"';
    const asked: AccessRequest = request({ args: { owner: 'acme', token: 'secret' } });
    for (const set of [rulesOnly({ ...allow, when }), rulesOnly(allow, { ...deny, when })])
      expect(decide(set, asked).facts).toEqual({ 'args.owner': 'acme' });
  });
});
