import { describe, expect, test } from 'vitest';
import { type Action, ACTIONS, MODEL_USES } from '../../src/core/access.ts';
import type { RunId } from '../../src/core/ids.ts';
import type { Scope, Unit } from '../../src/core/quota.ts';
import { bookedFor, claimsOf, prepareQuota } from '../../src/limits/quota-claims.ts';
import { AT_ONCE, BUDGET, type CallParts, charge, permitted, quota } from './calls.ts';
import { claim, NOON } from './ledger.ts';

const QUOTE = charge(1_200, 3_400);

const claims = (parts: CallParts) => claimsOf(permitted(parts), { quote: QUOTE, nowMs: NOON }).map((one) => one.claim);
const keyOf = (parts: Omit<CallParts, 'quotas'>, ...per: Scope[]): string | undefined =>
  claims({ ...parts, quotas: [quota({ per })] })[0]?.key;

describe('the claims of a call', () => {
  test('take of the money that was set aside for its run, or for the nearest above, where it costs any', () => {
    const budget = { run: 'run_above', amount: 9_000 };
    const of = (parts: Partial<CallParts>) => {
      const { access, decision } = permitted({ quotas: [AT_ONCE], ...parts });
      const principal = { ...access.principal, delegation: { budget } as never };
      return claimsOf({ access: { ...access, principal }, decision }, { quote: QUOTE, nowMs: NOON });
    };
    const [, own, ...rest] = of({});
    expect(rest).toEqual([]);
    expect(own).toEqual({
      quota: {
        id: 'token/budget',
        kind: 'budget',
        unit: 'money',
        amount: 9_000,
        window: { kind: 'life' },
        per: ['run'],
        enforced: true,
      },
      claim: {
        key: 'token/budget:money:run=run_above',
        unit: 'money',
        ask: 3_400,
        limit: 9_000,
        window: { kind: 'life' },
        enforced: true,
        mode: 'hold',
      },
      run: 'run_above',
    });
    expect(of({})[1]?.quota).toBe(own?.quota);
    expect(of({ action: 'tool.call', resource: 'tool/a/b' })).toHaveLength(1);
  });

  test('of a list take nothing of steps and children, since it is no step and begins no run', () => {
    const steps = quota({ kind: 'steps', window: { kind: 'life' }, per: ['run'] });
    const children = quota({ kind: 'children', unit: 'runs', window: { kind: 'life' }, per: ['run.root'] });
    const pace = quota();
    expect(claims({ quotas: [steps, children, pace], action: 'tool.list', resource: 'tool/a/' })).toHaveLength(1);
    expect(claims({ quotas: [steps, pace], action: 'tool.call', resource: 'tool/a/b' })).toHaveLength(2);
  });

  test('ask one request at once, the quote as a hold, and one place while it runs', () => {
    const tokens = quota({ id: 'research/tokens', unit: 'tokens', amount: 100_000 });
    expect(claims({ quotas: [quota(), tokens, BUDGET, AT_ONCE] })).toEqual([
      {
        key: 'research/pace:requests',
        unit: 'requests',
        ask: 1,
        limit: 60,
        window: quota().window,
        enforced: true,
        mode: 'spend',
      },
      {
        key: 'research/tokens:tokens',
        unit: 'tokens',
        ask: 1_200,
        limit: 100_000,
        window: quota().window,
        enforced: true,
        mode: 'hold',
      },
      {
        key: 'research/month:money:month@Europe/Berlin',
        unit: 'money',
        ask: 3_400,
        limit: 1_000_000,
        window: { kind: 'calendar', startMs: Date.parse('2026-10-31T23:00Z'), endMs: Date.parse('2026-11-30T23:00Z') },
        enforced: true,
        mode: 'hold',
      },
      {
        key: 'research/at-once:concurrency',
        unit: 'concurrency',
        ask: 1,
        limit: 2,
        window: { kind: 'none' },
        enforced: true,
        mode: 'hold',
      },
    ]);
  });

  test('of a budget of calls are spent when a call is admitted', () => {
    const calls = quota({ kind: 'budget', window: { kind: 'calendar', every: 'day', timezone: 'UTC' } });
    expect(claims({ quotas: [calls] })).toMatchObject([{ unit: 'requests', ask: 1, mode: 'spend' }]);
  });

  test('count apart by each scope, in the tenant', () => {
    expect(keyOf({}, 'tenant')).toBe('research/pace:requests');
    expect(keyOf({}, 'agent', 'subject')).toBe('research/pace:requests:agent=ci:subject=ada');
    expect(keyOf({}, 'upstream')).toBe('research/pace:requests:upstream=openai');
    expect(keyOf({}, 'model', 'tenant')).toBe('research/pace:requests:model=openai/gpt');
    expect(keyOf({ action: 'tool.call', resource: 'tool/github/create_issue' }, 'tool')).toBe(
      'research/pace:requests:tool=github/create_issue',
    );
    expect(keyOf({ agent: '' }, 'agent')).toBe('research/pace:requests:agent=');
  });

  test('never share a counter by the way that names are spelt', () => {
    const names = ['a', 'a:subject=b', 'a/b', 'a%2Fb', 'a%252Fb', 'a%3Asubject=b', 'ä', ''];
    const keys = names.flatMap((agent) => names.map((subject) => keyOf({ agent, subject }, 'agent', 'subject')));
    expect(new Set(keys).size).toBe(names.length ** 2);
  });

  test('leave out a quota by model for a call of no model, and by tool for a call of no tool', () => {
    const quotas = [quota({ per: ['model'] }), quota({ per: ['tool'] }), quota()];
    const count = (parts: Omit<CallParts, 'quotas'>): number => claims({ ...parts, quotas }).length;
    expect(count({})).toBe(2);
    expect(count({ action: 'model.list', resource: 'model/openai/' })).toBe(1);
    expect(count({ action: 'tool.call', resource: 'tool/github/search' })).toBe(2);
    expect(count({ action: 'tool.list', resource: 'tool/github/' })).toBe(1);
    expect(count({ action: 'resource.read', resource: 'resource/docs/a' })).toBe(1);
  });

  test('take tokens and money only from calls that use them', () => {
    const quotas = [quota({ unit: 'tokens' }), BUDGET];
    for (const action of MODEL_USES) expect(claims({ quotas, action })).toHaveLength(2);
    for (const action of ACTIONS.filter((each) => !MODEL_USES.has(each) && each !== 'http.request')) {
      expect(claims({ quotas, action })).toHaveLength(0);
    }
  });

  test('count a batch that nobody can read as a model of its own, so that no limit per model misses it', () => {
    const opaque = { action: 'model.batch', resource: 'object/openai/batches' } as const;
    expect(keyOf(opaque, 'model')).toBe('research/pace:requests:model=openai/batches');
    expect(keyOf({ action: 'model.batch', resource: 'model/openai/gpt' }, 'model')).toBe(keyOf({}, 'model'));
    expect(keyOf({ action: 'object.read', resource: 'object/openai/batches' }, 'model')).toBeUndefined();
  });

  test('take money from a request that costs some, and leave one that is free alone', () => {
    const request = {
      action: 'http.request',
      resource: 'http/tickets/GET /a',
      quotas: [BUDGET, quota({ unit: 'tokens' })],
    } as const;
    const claim = (money: number) => claimsOf(permitted(request), { quote: charge(0, money), nowMs: 0 });
    expect(claim(2_000)).toMatchObject([{ claim: { unit: 'money', ask: 2_000 } }]);
    expect(claim(0)).toEqual([]);
  });

  test('take no step and no child for what is listed or counted', () => {
    const life = { kind: 'life' } as const;
    const steps = quota({ kind: 'steps', window: life, per: ['run.root'] });
    const children = quota({ kind: 'children', unit: 'runs', window: life, per: ['run.root'] });
    const path = ['run_a' as RunId, 'run_b' as RunId];
    const asked = (action: Action): number => {
      const { access, decision } = permitted({ quotas: [steps, children], action });
      const run = { ...access.run, root: path[0] as RunId, path };
      return claimsOf({ access: { ...access, run }, decision }, { quote: QUOTE, nowMs: NOON }).length;
    };
    expect(asked('tool.call')).toBe(2);
    for (const action of ['model.list', 'model.count', 'tool.list'] as const) expect(asked(action)).toBe(0);
  });

  test('keep shadow quotas, unenforced', () => {
    expect(claims({ quotas: [quota({ enforced: false })] })).toMatchObject([{ enforced: false }]);
  });

  test.each([Number.NaN, Infinity, 0.5, -1, 2 ** 53])('of %d tokens are a bug and are refused', (tokens) => {
    const call = permitted({ quotas: [quota({ unit: 'tokens' })] });
    expect(() => claimsOf(call, { quote: charge(tokens), nowMs: NOON })).toThrow(/^bug: the call asks for .* tokens/);
  });
});

describe('a quota', () => {
  test.each([Number.NaN, Infinity, 0.5, -1, 2 ** 53])(
    'with the amount %d is a bug of the compiler and is refused',
    (amount) => {
      expect(() => prepareQuota(quota({ amount }))).toThrow(/^bug: limit `research\/pace` has the amount/);
    },
  );

  test('is prepared once', () => {
    const one = quota();
    expect(prepareQuota(one)).toBe(prepareQuota(one));
  });
});

describe('what is booked for a claim', () => {
  test.each<[Unit, number]>([
    ['tokens', 700],
    ['money', 900],
    ['requests', 1],
    ['concurrency', 1],
  ])('of %s is what was used', (unit, booked) => {
    expect(bookedFor(claim({ unit }), charge(700, 900))).toBe(booked);
  });

  test.each([Number.NaN, -1, 1.5])('is what was asked where the use is %d', (tokens) => {
    expect(bookedFor(claim({ ask: 10 }), charge(tokens))).toBe(10);
  });
});
