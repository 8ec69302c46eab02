import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AccessRequest } from '../../src/core/access.ts';
import type { RunId } from '../../src/core/ids.ts';
import type { Principal } from '../../src/core/principal.ts';
import type { Delegation, Right } from '../../src/core/rights.ts';
import { isWithin } from '../../src/core/rights-within.ts';
import { decide } from '../../src/policy/decide.ts';
import { decideCall } from '../../src/policy/decide-call.ts';
import { decideFor, mayUseFor } from '../../src/policy/delegated.ts';
import { judge } from '../../src/policy/judge.ts';
import { mayUse } from '../../src/policy/may-use.ts';
import type { Call } from '../../src/core/call.ts';
import { counted, policies, policiesUnder, principal, request, rulesOnly } from './fixtures.ts';

const READ: Right = {
  actions: ['tool.call'],
  resources: ['tool/github/get_*'],
  args: { owner: [{ one_of: ['acme'] }] },
};

function bearer(delegation: Partial<Delegation> = {}, agent = 'reader'): Principal {
  const usual = { path: ['run_a' as RunId], name: '', rights: undefined, maxDepth: 8, budget: undefined, tokenId: 't' };
  return principal({ agent, delegation: { ...usual, ...delegation } });
}

const above = (...agents: readonly string[]): Pick<Delegation, 'above'> => ({
  above: agents.map((agent) => principal({ agent })),
});
const asked = (who: Principal, parts: Parameters<typeof request>[0] = {}): AccessRequest =>
  request({ principal: who, args: { owner: 'acme' }, ...parts });
const OPEN = rulesOnly({ allow: ['tool.call', 'tool.list', 'model.generate', 'model.batch'] });

describe('a principal without a delegation', () => {
  test('is decided on as ever', () => {
    expect(decideFor(OPEN, request())).toEqual(decide(OPEN, request()));
    expect(mayUseFor(OPEN, request())).toBe(mayUse(OPEN, request()));
  });
});

describe('the rights of a token', () => {
  const narrow = bearer({ rights: [READ] });

  test('deny what they do not cover, though policies allow it, by a rule of their own', () => {
    expect(decideFor(OPEN, asked(narrow))).toMatchObject({ effect: 'permit' });
    expect(decideFor(OPEN, asked(narrow, { args: { owner: 'evil' } }))).toMatchObject({
      effect: 'deny',
      rules: ['token-rights'],
      reason: expect.stringContaining('with these arguments') as string,
    });
    expect(decideFor(OPEN, asked(narrow, { resource: 'tool/github/delete_repo' }))).toMatchObject({
      effect: 'deny',
      rules: ['token-rights'],
    });
  });

  test('allow nothing that policies deny', () => {
    expect(decideFor(rulesOnly({ allow: 'model.generate' }), asked(narrow))).toMatchObject({
      effect: 'deny',
      rules: ['default-deny'],
    });
  });

  test('hold also where the gateway only observes policies', () => {
    const observing = policiesUnder('observe', [
      JSON.stringify({ policy: 'p', rules: [{ id: 'a', allow: 'model.*' }] }),
    ]);
    expect(decideFor(observing, asked(narrow))).toMatchObject({ effect: 'permit' });
    expect(decideFor(observing, asked(narrow, { resource: 'tool/x/y' }))).toMatchObject({ effect: 'deny' });
    expect(mayUseFor(observing, asked(narrow, { resource: 'tool/x/y' }))).toBe(false);
  });

  test('bind each request of a batch, and each candidate of a name', () => {
    const who = bearer({
      rights: [{ actions: ['model.batch', 'model.generate'], resources: ['model/up/small'], args: {} }],
    });
    const of = (action: 'model.batch' | 'model.generate', name: string) =>
      asked(who, { action, resource: `model/up/${name}` });
    const batch = (name: string) =>
      decideCall(OPEN, { access: of('model.batch', 'small'), parts: [of('model.generate', name)] });
    expect([batch('small').effect, batch('large').effect]).toEqual(['permit', 'deny']);
    const call = (name: string, fallbacks: readonly Call[] = []) =>
      ({ access: of('model.generate', name), fallbacks }) as unknown as Call;
    const judged = judge(OPEN, call('large', [call('small')]));
    expect([judged.decision.effect, judged.call.access.resource.name, judged.fallbacks]).toEqual([
      'permit',
      'small',
      [],
    ]);
  });

  test('narrow lists to what some call could be covered for', () => {
    const seen = (name: string) => mayUseFor(OPEN, asked(narrow, { resource: `tool/github/${name}`, args: {} }));
    expect([seen('get_file'), seen('delete_repo')]).toEqual([true, false]);
  });
});

describe('the agents above a bearer', () => {
  const set = rulesOnly(
    { allow: 'tool.call' },
    { deny: 'tool.call', on: 'tool/mail/*', when: 'principal.agent == "intern"', because: 'interns write no mail' },
  );
  const mail = { resource: 'tool/mail/send' };

  test('have to be allowed the call too', () => {
    expect(decideFor(set, asked(bearer(), mail))).toMatchObject({ effect: 'permit' });
    expect(decideFor(set, asked(bearer(above('lead', 'intern')), mail))).toMatchObject({
      effect: 'deny',
      rules: ['p/r1'],
      reason: expect.stringMatching(/the agent `intern`.*interns write no mail/) as string,
    });
    expect([mayUseFor(set, asked(bearer(), mail)), mayUseFor(set, asked(bearer(above('intern')), mail))]).toEqual([
      true,
      false,
    ]);
  });

  test('are held where the bearer is, by the same rules: then one approval is for all', () => {
    const held = rulesOnly({ allow: 'tool.call' }, { hold: 'tool.call', on: 'tool/mail/*' });
    expect(decideFor(held, asked(bearer(above('lead')), mail))).toMatchObject({
      effect: 'hold',
      rules: ['p/r1'],
      held: { permit: { effect: 'permit' } },
    });
  });

  test.each([
    ['the bearer is not', []],
    ['the bearer is by another rule', [{ hold: 'tool.call', when: 'principal.agent == "reader"' }]],
  ])('are held in vain where %s, which is said', (_, others) => {
    const held = rulesOnly(
      { allow: 'tool.call' },
      { hold: 'tool.call', when: 'principal.agent == "intern"' },
      ...others,
    );
    expect(decideFor(held, asked(bearer(above('intern')), mail))).toMatchObject({
      effect: 'deny',
      rules: ['p/r1'],
      reason: expect.stringMatching(/approve it for the agent `intern`/) as string,
    });
  });

  test('give the decision the ranges of the counters that theirs stand on', () => {
    const counting = policies(
      JSON.stringify({ policy: 'all', rules: [{ id: 'a', allow: 'tool.call' }] }),
      JSON.stringify({
        policy: 'interns',
        applies: 'agent == "intern"',
        rules: [{ id: 'few', deny: 'tool.call', when: 'run.steps >= 5' }],
      }),
    );
    const run = counted({ steps: 2 });
    const at = (who: Principal) => decideFor(counting, asked(who, { run }));
    expect(at(bearer())).toMatchObject({ counts: [] });
    const held = policies(
      JSON.stringify({
        policy: 'all',
        rules: [
          { id: 'a', allow: 'tool.call' },
          { id: 'h', hold: 'tool.call' },
        ],
      }),
      JSON.stringify({
        policy: 'interns',
        applies: 'agent == "intern"',
        rules: [{ id: 'few', deny: 'tool.call', when: 'run.steps >= 5' }],
      }),
    );
    expect(decideFor(held, asked(bearer(above('intern')), { run }))).toMatchObject({
      effect: 'hold',
      held: { permit: { counts: [{ name: 'steps', atLeast: 0, below: 5 }] } },
    });
    expect(at(bearer(above('intern')))).toMatchObject({
      effect: 'permit',
      counts: [{ name: 'steps', atLeast: 0, below: 5 }],
    });
  });
});

test('what is permitted to a child is permitted to its parent, for any chain, rights and request', () => {
  const agents = ['a', 'b', 'c'] as const;
  const tools = ['get_file', 'get_repo', 'put_file', 'list'] as const;
  const patterns = fc.constantFrom(
    'tool/github/*',
    'tool/github/get_*',
    'tool/github/get_file',
    'tool/github/put_file',
    'tool/*',
  );
  const right = fc.record({
    actions: fc.constant(['tool.call'] as const),
    resources: fc.array(patterns, { minLength: 1, maxLength: 2 }),
    args: fc.constantFrom({}, { owner: [{ prefix: 'ac' }] }, { owner: [{ one_of: ['acme'] }] }),
  });
  const rules = fc.array(
    fc.record({ agent: fc.constantFrom(...agents), tool: fc.constantFrom(...tools, '*'), isDeny: fc.boolean() }),
    { maxLength: 6 },
  );
  const link = fc.record({
    agent: fc.constantFrom(...agents),
    rights: fc.option(fc.array(right, { maxLength: 3 }), { nil: undefined }),
  });
  let permits = 0;
  fc.assert(
    fc.property(
      rules,
      fc.array(link, { minLength: 2, maxLength: 4 }),
      fc.constantFrom(...tools),
      fc.constantFrom('acme', 'act', 'evil'),
      (stated, links, tool, owner) => {
        const set = rulesOnly(
          { allow: 'tool.call', when: 'principal.agent == "a"' },
          ...stated.map(({ agent, tool: on, isDeny }) => ({
            [isDeny ? 'deny' : 'allow']: 'tool.call',
            on: `tool/github/${on}`,
            when: `principal.agent == "${agent}"`,
          })),
        );
        let parent: Principal | undefined;
        for (const { agent, rights: wanted } of links) {
          const own = parent?.delegation;
          // As the exchange makes them: rights within the parent's, and the parent's agents above.
          const rights = isWithin(wanted, own?.rights) ? wanted : own?.rights;
          const names = parent
            ? [...(own?.above ?? []).map((one) => one.agent), parent.agent].filter((name) => name !== agent)
            : [];
          const child: Principal = bearer({ rights, ...(names.length > 0 && above(...new Set(names))) }, agent);
          const at = { resource: `tool/github/${tool}`, args: { owner } };
          if (parent && decideFor(set, asked(child, at)).effect === 'permit') {
            permits += 1;
            expect(decideFor(set, asked(parent, at)).effect).toBe('permit');
          }
          if (parent && mayUseFor(set, asked(child, at))) expect(mayUseFor(set, asked(parent, at))).toBe(true);
          parent = child;
        }
      },
    ),
    { numRuns: 1_000 },
  );
  expect(permits).toBeGreaterThan(20);
});
