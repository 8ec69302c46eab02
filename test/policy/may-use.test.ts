import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decide } from '../../src/policy/decide.ts';
import { mayUse } from '../../src/policy/may-use.ts';
import { policies, policiesUnder, principal, request, rulesOnly } from './fixtures.ts';

const asked = request();
const allow = { allow: 'tool.call', on: 'tool/github/*' };
const deny = { deny: 'tool.call', on: 'tool/github/*' };

describe('a list shows what could be permitted', () => {
  test.each([
    ['nothing that no rule allows', [{ allow: 'tool.list' }], false],
    ['what a rule allows', [allow], true],
    ['what a rule may allow, once the arguments are there', [{ ...allow, when: 'has(args.x) && args.x == 1' }], true],
    ['what a rule may allow, once it is known whether the call streams', [{ ...allow, when: 'context.stream' }], true],
    ['nothing that is allowed to others', [{ ...allow, when: 'agent == "x"' }], false],
    ['nothing where the condition fails', [{ ...allow, when: 'int(subject) > 1' }], false],
    ['nothing that is denied', [allow, deny], false],
    ['nothing that is denied to this caller', [allow, { ...deny, when: 'agent == "researcher"' }], false],
    ['nothing where the condition of a deny fails', [allow, { ...deny, when: 'int(subject) > 1' }], false],
    ['what is denied to others', [allow, { ...deny, when: 'agent == "x"' }], true],
    ['what is denied to a run that carries a label', [allow, { ...deny, when: '"x" in run.labels' }], true],
    ['what is denied after so many steps', [allow, { ...deny, when: 'run.steps >= 0' }], true],
    ['what is allowed to a run that carries a label', [{ ...allow, when: '"x" in run.labels' }], true],
    ['what is denied to young runs', [allow, { ...deny, when: 'run.age < duration("1h")' }], true],
    ['nothing that is denied to runs at this place', [allow, { ...deny, when: 'run.depth == 0' }], false],
    ['what is denied with some arguments', [allow, { ...deny, when: '!has(args.x)' }], true],
  ])('%s', (_, rules, shown) => {
    expect(mayUse(rulesOnly(...rules), asked)).toBe(shown);
  });

  test('and what only a person has to approve', () => {
    expect(mayUse(rulesOnly(allow, { hold: 'tool.call' }), asked)).toBe(true);
    expect(mayUse(rulesOnly({ hold: 'tool.call' }), asked)).toBe(false);
  });

  test('whatever policies in shadow mode say', () => {
    const shadow = (rule: string) => `policy: s\nmode: shadow\nrules: [${rule}]`;
    const sound = 'policy: p\nrules: [{ id: r, allow: tool.call }]';
    expect(mayUse(policies(sound, shadow('{ id: d, deny: tool.call }')), asked)).toBe(true);
    expect(mayUse(policies(shadow('{ id: a, allow: tool.call }')), asked)).toBe(false);
  });

  test('of the policies that apply; one whose `applies` fails only denies', () => {
    const other = 'policy: o\napplies: agent == "x"\nrules: [{ id: r, allow: tool.call }]';
    expect(mayUse(policies(other), asked)).toBe(false);
    const failing = (effect: string) =>
      `policy: f\napplies: int(subject) > 1\nrules: [{ id: r, ${effect}: tool.call }]`;
    expect(mayUse(policies(failing('allow')), asked)).toBe(false);
    expect(mayUse(policies('policy: p\nrules: [{ id: r, allow: tool.call }]', failing('deny')), asked)).toBe(false);
  });

  test('and everything while the gateway observes', () => {
    expect(mayUse(policiesUnder('observe', []), asked)).toBe(true);
  });
});

test('what is not shown is refused, whatever the arguments', () => {
  const when = fc.constantFrom(
    'has(args.n) && args.n > 1',
    '!has(args.n)',
    'agent == "one"',
    'int(subject) > 1',
    'context.stream',
  );
  const rule = fc.record({ effect: fc.constantFrom('allow', 'deny'), when }, { requiredKeys: ['effect'] });
  const rules = fc.array(rule, { minLength: 1, maxLength: 4 });
  const args = fc.constantFrom<Record<string, unknown>>({}, { n: 1 }, { n: 5 }, { n: 'x' });
  fc.assert(
    fc.property(rules, args, fc.constantFrom('one', 'two'), fc.boolean(), (drawn, sent, agent, stream) => {
      const set = rulesOnly(...drawn.map(({ effect, ...rest }) => ({ [effect]: 'tool.call', ...rest })));
      const call = request({ principal: principal({ agent }), args: sent });
      const access = { ...call, context: { ...call.context, stream } };
      if (!mayUse(set, { ...access, args: {} })) expect(decide(set, access).effect).toBe('deny');
    }),
    { numRuns: 150 },
  );
});
