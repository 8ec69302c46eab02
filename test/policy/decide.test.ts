/* oxlint-disable unicorn/no-thenable -- the language's own word */
import { describe, expect, test } from 'vitest';
import type { AccessRequest } from '../../src/core/access.ts';
import type { Decision } from '../../src/core/decision.ts';
import { decide } from '../../src/policy/decide.ts';
import { policies, policiesUnder, counted, principal, request, run, rulesOnly } from './fixtures.ts';

const allow = { allow: 'tool.call', on: 'tool/github/*' };
const deny = { deny: 'tool.call', on: 'tool/github/get_*' };

const reasonOf = (decision: Decision): string => (decision.effect === 'permit' ? '' : decision.reason);

const hold = { hold: 'tool.call', on: 'tool/github/get_*' };

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
      bounds: [],
      counts: [],
      counted: [],
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
  const TERMS = { approvers: 1, expiresMs: 86_400_000, grantMs: 3_600_000, uses: 1, waitMs: 30_000, redact: [] };

  test('suspends what a rule allows, and carries the whole permit that an approval makes of it', () => {
    const set = policies(
      JSON.stringify({
        policy: 'p',
        rules: [
          { id: 'a', ...allow, then: { label: 'seen' } },
          { id: 'h', ...hold, because: 'a person decides', then: { label: 'approved' } },
        ],
        limits: [{ id: 'l', rate: '1/s' }],
      }),
    );
    expect(decide(set, request())).toEqual({
      effect: 'hold',
      rules: ['p/h'],
      reason:
        '`tool.call` on `tool/github/get_file` is held by rule `p/h`: a person decides; a person has to approve it',
      revision: set.revision,
      facts: {},
      shadow: undefined,
      held: {
        terms: { rules: ['p/h'], roles: ['approver'], ...TERMS },
        permit: {
          effect: 'permit',
          rules: expect.arrayContaining(['p/a', 'p/h']),
          revision: set.revision,
          facts: {},
          shadow: undefined,
          obligations: expect.arrayContaining([
            { kind: 'label', labels: ['seen'], scope: 'tree' },
            { kind: 'label', labels: ['approved'], scope: 'tree' },
          ]),
          quotas: [expect.objectContaining({ id: 'p/l' })],
          bounds: [],
          counts: [],
          counted: [],
        },
      },
    });
  });

  test('permits nothing on its own, and yields to a deny', () => {
    expect(decide(rulesOnly(hold), request())).toMatchObject({ effect: 'deny', rules: ['default-deny'] });
    expect(decide(rulesOnly(allow, hold, deny), request())).toMatchObject({ effect: 'deny', rules: ['p/r2'] });
  });

  test('whose condition fails denies', () => {
    const decision = decide(rulesOnly(allow, { ...hold, when: 'args.?x.orValue("")' }), request());
    expect(decision).toMatchObject({ effect: 'deny', rules: ['p/r1'] });
    expect(decision).not.toHaveProperty('held');
  });

  test('with others asks for all that they ask for', () => {
    const set = rulesOnly(
      allow,
      { ...hold, approval: { roles: ['security', 'lead'], expires: '2h', uses: 5, wait: '1min' } },
      { ...hold, approval: { roles: ['lead', 'finance'], approvers: 2, grant: '10min', uses: 3, redact: 'args.body' } },
    );
    expect(decide(set, request())).toMatchObject({
      effect: 'hold',
      rules: ['p/r1', 'p/r2'],
      held: {
        terms: {
          rules: ['p/r1', 'p/r2'],
          roles: ['lead'],
          approvers: 2,
          expiresMs: 7_200_000,
          grantMs: 600_000,
          uses: 3,
          waitMs: 60_000,
          redact: ['args.body'],
        },
      },
    });
  });

  test('that no role may approve together with another is a deny that says so', () => {
    const roles = (role: string) => ({ ...hold, approval: { roles: role } });
    const decision = decide(rulesOnly(allow, roles('security'), roles('finance')), request());
    expect(decision).toMatchObject({ effect: 'deny', rules: ['p/r1', 'p/r2'] });
    expect(reasonOf(decision)).toContain('since no role may approve what the rules `p/r1`, `p/r2` hold together');
    expect(decision).not.toHaveProperty('held');
  });

  test('in shadow is only recorded', () => {
    const set = policies(
      'policy: a\nrules: [{ id: r, allow: tool.call }]',
      'policy: b\nmode: shadow\nrules: [{ id: h, hold: tool.call, then: { label: x } }]',
    );
    expect(decide(set, request())).toMatchObject({
      effect: 'permit',
      rules: ['a/r'],
      shadow: { effect: 'hold', rules: ['b/h'] },
      obligations: [],
    });
  });

  test('is only recorded while the gateway observes', () => {
    const text = JSON.stringify({
      policy: 'p',
      rules: [
        { id: 'a', ...allow },
        { id: 'h', ...hold },
      ],
    });
    const decision = decide(policiesUnder('observe', [text]), request());
    expect(decision).toMatchObject({ effect: 'permit', rules: ['observe'] });
    expect(decision.shadow).toEqual({ effect: 'hold', rules: ['p/h'], reason: expect.stringContaining('is held') });
  });
});

describe('obligations', () => {
  const journal = { ...allow, then: { journal: true } };
  const undo = { ...allow, then: { journal: true, undo: { tool: 'github/close_issue', args: { id: 'result.id' } } } };

  test('of all rules that allow stand together, of those that do not match none', () => {
    const set = rulesOnly(
      { ...allow, then: { label: ['b', 'a'] } },
      { ...allow, then: { label: 'c', scope: 'node', journal: true } },
      { ...allow, when: 'agent == "x"', then: { label: 'd' } },
      allow,
    );
    const decision = decide(set, request());
    expect(decision.effect === 'permit' && decision.obligations).toEqual([
      { kind: 'label', labels: ['a', 'b'], scope: 'tree' },
      { kind: 'label', labels: ['c'], scope: 'node' },
      { kind: 'journal', rule: 'p/r1', undo: undefined },
    ]);
  });

  test('stand beside the narrowing of a list', () => {
    const set = rulesOnly({ allow: 'tool.list', then: { label: 'x' } });
    expect(decide(set, request({ action: 'tool.list', resource: 'tool/github/' }))).toMatchObject({
      obligations: [{ kind: 'narrow' }, { kind: 'label', labels: ['x'] }],
    });
  });

  test('journal a call once, and take it back as the first rule says that knows how', () => {
    const journals = (...rules: readonly object[]) => {
      const decision = decide(rulesOnly(...rules), request());
      return decision.effect === 'permit' ? decision.obligations : [];
    };
    expect(journals(journal, journal)).toEqual([{ kind: 'journal', rule: 'p/r0', undo: undefined }]);
    expect(journals(journal, { ...undo, on: 'tool/*/*' }, undo)).toEqual([
      {
        kind: 'journal',
        rule: 'p/r1',
        undo: { tool: 'github/close_issue', args: { id: { path: ['result', 'id'] } } },
      },
    ]);
  });

  test('of what is refused and only recorded stand too, since the call is sent', () => {
    const text = JSON.stringify({
      policy: 'p',
      rules: [
        { id: 'a', ...allow, then: { label: 'x' } },
        { id: 'd', ...deny },
      ],
    });
    expect(decide(policiesUnder('observe', [text]), request())).toMatchObject({
      rules: ['observe'],
      obligations: [{ labels: ['x'] }],
    });
  });
});

describe('a tool that a client runs itself', () => {
  const bash = request({ action: 'tool.local', resource: 'tool/local/Bash' });

  test('is permitted where no rule speaks of it: it has run already', () => {
    expect(decide(policies(), bash)).toMatchObject({ effect: 'permit', rules: ['default-permit'], shadow: undefined });
    expect(decide(rulesOnly({ deny: 'tool.local', on: 'tool/local/Read' }), bash)).toMatchObject({ effect: 'permit' });
  });

  test.each(['deny', 'hold'] as const)('is under a `%s` that speaks of it', (effect) => {
    const set = rulesOnly({ [effect]: 'tool.local', on: 'tool/local/{Bash,Write}' });
    expect(decide(set, bash)).toMatchObject({ effect, rules: ['p/r0'] });
  });

  test('labels its run where a rule says so', () => {
    const set = rulesOnly({ allow: 'tool.local', on: 'tool/local/WebFetch', then: { label: 'saw-untrusted' } });
    expect(decide(set, { ...bash, resource: { ...bash.resource, name: 'WebFetch' } })).toMatchObject({
      rules: ['p/r0'],
      obligations: [{ kind: 'label', labels: ['saw-untrusted'] }],
    });
  });
});

describe('what a `max` says of runs', () => {
  const set = policies(
    'policy: p\nrules: [{ id: r, allow: [tool.call, model.generate] }]\nlimits: [{ id: m, max: { depth: 3, duration: 5d, repeats: 5 }, on: tool.call }]',
    'policy: o\napplies: agent == "x"\nlimits: [{ id: m, max: { depth: 1 } }]',
  );
  const bounds = (asked: AccessRequest) => {
    const decision = decide(set, asked);
    return decision.effect === 'permit' ? decision.bounds : [];
  };

  test('binds the calls of whom it applies to, and `on` says which of them may not be repeated', () => {
    const reach = { id: 'p/m', enforced: true, depth: 3, durationMs: 432_000_000 };
    expect(bounds(request())).toEqual([reach, { id: 'p/m', enforced: true, repeats: 5 }]);
    expect(bounds(request({ action: 'model.generate', resource: 'model/a/b' }))).toEqual([reach]);
  });
});

describe('counters', () => {
  const counts = (rules: readonly object[], counts_: Readonly<Record<string, number>> = {}) => {
    const decision = decide(rulesOnly(...rules), request({ run: counted(counts_) }));
    return decision.effect === 'permit' ? decision.counts : [];
  };

  test('of a permit have the range in which no rule that was weighed says something else', () => {
    const rules = [
      allow,
      { ...deny, when: 'run.steps >= 100' },
      { ...deny, when: 'run.steps > 200 || run.errors == 7' },
    ];
    expect(counts(rules, { steps: 40, errors: 9 })).toEqual([
      { name: 'steps', atLeast: 0, below: 100 },
      { name: 'errors', atLeast: 8, below: Number.MAX_SAFE_INTEGER },
    ]);
  });

  test('that only other calls, other callers or policies in shadow read are left out', () => {
    expect(counts([allow, { deny: 'tool.call', on: 'tool/mail/*', when: 'run.steps >= 100' }])).toEqual([]);
    const set = policies(
      'policy: p\nrules: [{ id: r, allow: tool.call }]',
      'policy: s\nmode: shadow\nrules: [{ id: r, deny: tool.call, when: run.steps > 5 }]',
      'policy: x\napplies: agent == "x"\nrules: [{ id: r, deny: tool.call, when: run.steps > 5 }]',
    );
    expect(decide(set, request())).toMatchObject({ effect: 'permit', counts: [] });
  });

  test('of calls grow with every call whose resource matches, whoever reads them', () => {
    const set = policies(
      'policy: p\nrules: [{ id: r, allow: [tool.call, tool.list] }]',
      `policy: x
applies: agent == "x"
rules:
  - { id: a, deny: tool.call, when: 'run.calls["tool/github/*"] > 5 || run.calls["tool/{github,mail}/get_*"] > 5' }
  - { id: b, deny: tool.call, when: 'run.calls["tool/mail/*"] > 5 || run.calls["tool/github/*"] > 9' }
`,
    );
    const countedBy = (asked: AccessRequest) => {
      const decision = decide(set, asked);
      return decision.effect === 'permit' ? decision.counted : undefined;
    };
    expect(countedBy(request())).toEqual(['tool/github/*', 'tool/{github,mail}/get_*']);
    expect(countedBy(request({ resource: 'tool/mail/send' }))).toEqual(['tool/mail/*']);
    expect(countedBy(request({ action: 'tool.list', resource: 'tool/github/' }))).toEqual([]);
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

  test('are what conditions read of the run, too', () => {
    const when =
      '"x" in run.labels && run.age < duration("2h") && run.spent < 5.0 && run.calls["tool/a/*"] == 3 && run.depth == 0';
    const timeMs = request().context.timeMs;
    const tree = {
      labels: new Set(['x', 'y@run_2']),
      bornMs: timeMs - 90_000,
      counts: new Map([
        ['spent', 2_500_000],
        ['calls:tool/a/*', 3],
      ]),
    };
    const decision = decide(rulesOnly({ ...allow, when }), request({ run: run({ tree }) }));
    expect(decision).toMatchObject({ effect: 'permit' });
    expect(decision.facts).toEqual({
      'run.labels': ['x'],
      'run.age': '90s',
      'run.spent': 2.5,
      'run.depth': 0,
      'run.calls["tool/a/*"]': 3,
    });
  });
});
