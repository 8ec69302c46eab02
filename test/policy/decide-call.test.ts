/* oxlint-disable unicorn/no-thenable -- the language's own word */
import { describe, expect, test } from 'vitest';
import { decide } from '../../src/policy/decide.ts';
import { decideCall } from '../../src/policy/decide-call.ts';
import { policies, policiesUnder, request } from './fixtures.ts';

const resource = 'model/claude/small';
const texts = (...files: readonly object[]): string[] => files.map((file) => JSON.stringify(file));
const batch = request({ action: 'model.batch', resource });
const part = (args: Readonly<Record<string, unknown>> = {}) => request({ action: 'model.generate', resource, args });

const BATCHES = { id: 'batches', allow: 'model.batch' };
const MODELS = { id: 'models', allow: 'model.generate' };
const NO_SHELL = { id: 'no-shell', deny: 'model.generate', when: 'has(args.tools) && "shell" in args.tools' };
const SHELL = { tools: ['shell'] };

test('a call that carries no others is decided on by itself', () => {
  const set = policies(...texts({ policy: 'p', rules: [MODELS] }));
  expect(decideCall(set, { access: part() })).toEqual(decide(set, part()));
});

describe('a batch', () => {
  test('is permitted by the rules that permit it and each request in it', () => {
    const set = policies(...texts({ policy: 'p', rules: [BATCHES, MODELS] }));
    expect(decideCall(set, { access: batch, parts: [part(), part(SHELL)] })).toMatchObject({
      effect: 'permit',
      rules: ['p/batches', 'p/models'],
      shadow: undefined,
    });
  });

  test('is within the limits of both, each of them once', () => {
    const limits = [
      { id: 'pace', rate: '5/min' },
      { id: 'day', budget: '1 USD', every: 'day', on: 'model.generate' },
      { id: 'bulk', budget: '9 USD', every: 'day', on: 'model.batch' },
      { id: 'tools', rate: '5/min', on: 'tool.call' },
    ];
    const set = policies(...texts({ policy: 'p', rules: [BATCHES, MODELS], limits }));
    const decision = decideCall(set, { access: batch, parts: [part(), part(SHELL)] });
    const ids = decision.effect === 'permit' ? decision.quotas.map(({ id }) => id) : [];
    expect(ids.toSorted()).toEqual(['p/bulk', 'p/day', 'p/pace']);
  });

  test('is refused where one of its requests is, and says so', () => {
    const set = policies(...texts({ policy: 'p', rules: [BATCHES, MODELS, NO_SHELL] }));
    const decision = decideCall(set, { access: batch, parts: [part(), part(SHELL)] });
    expect(decision).toMatchObject({ effect: 'deny', rules: ['p/no-shell'] });
    expect(decision.effect === 'permit' ? '' : decision.reason).toMatch(
      /^the batch is refused, since `model.generate`/,
    );
  });

  test('is refused where its requests alone are allowed', () => {
    const set = policies(...texts({ policy: 'p', rules: [MODELS] }));
    expect(decideCall(set, { access: batch, parts: [part()] })).toEqual(decide(set, batch));
    expect(decide(set, batch).effect).toBe('deny');
  });

  test('is recorded as what shadow policies would have refused, the batch before its requests', () => {
    const shadow = { policy: 's', mode: 'shadow', rules: [NO_SHELL] };
    const set = policies(...texts({ policy: 'p', rules: [BATCHES, MODELS] }, shadow));
    expect(decideCall(set, { access: batch, parts: [part(), part(SHELL), part()] }).shadow).toMatchObject({
      rules: ['s/no-shell'],
    });
    const both = policies(
      ...texts(
        { policy: 'p', rules: [BATCHES, MODELS] },
        { ...shadow, rules: [NO_SHELL, { id: 'no-batch', deny: 'model.batch' }] },
      ),
    );
    expect(decideCall(both, { access: batch, parts: [part(SHELL)] }).shadow).toMatchObject({ rules: ['s/no-batch'] });
  });

  test('is held where one of its requests is, for all that is held together', () => {
    const hold = (id: string, when: string, approval: object) => ({ id, hold: 'model.generate', when, approval });
    const rules = [
      { ...BATCHES, then: { label: 'batched' } },
      { ...MODELS, then: { label: 'generated' } },
      hold('shell', 'has(args.tools)', { roles: ['lead', 'security'], uses: 3 }),
      hold('long', 'has(args.max_tokens)', { roles: 'lead', approvers: 2 }),
    ];
    const limits = [{ id: 'day', rate: '9/h', on: 'model.generate' }];
    const set = policies(...texts({ policy: 'p', rules, limits }));
    const decision = decideCall(set, { access: batch, parts: [part(), part(SHELL), part({ max_tokens: 9 })] });
    expect(decision).toMatchObject({
      effect: 'hold',
      rules: ['p/long', 'p/shell'],
      reason: expect.stringMatching(/^the batch is held, since `model.generate` .* is held by rule `p\/shell`/),
      held: {
        terms: { rules: ['p/long', 'p/shell'], roles: ['lead'], approvers: 2, uses: 1 },
        permit: {
          effect: 'permit',
          rules: ['p/batches', 'p/models', 'p/shell', 'p/long'],
          obligations: [{ labels: ['batched'] }, { labels: ['generated'] }],
          quotas: [{ id: 'p/day' }],
        },
      },
    });
    const denied = policies(...texts({ policy: 'p', rules: [...rules, NO_SHELL], limits }));
    expect(decideCall(denied, { access: batch, parts: [part({ max_tokens: 9 }), part(SHELL)] })).toMatchObject({
      effect: 'deny',
      rules: ['p/no-shell'],
    });
  });

  test('that is held itself is held with its requests', () => {
    const rules = [BATCHES, MODELS, { id: 'h', hold: 'model.batch' }];
    const set = policies(...texts({ policy: 'p', rules }));
    expect(decideCall(set, { access: batch, parts: [part()] })).toMatchObject({
      effect: 'hold',
      rules: ['p/h'],
      held: { permit: { rules: ['p/batches', 'p/h', 'p/models'] } },
    });
  });

  test('that no one role may approve is refused', () => {
    const hold = (id: string, when: string) => ({ id, hold: 'model.generate', when, approval: { roles: id } });
    const rules = [BATCHES, MODELS, hold('lead', 'has(args.tools)'), hold('finance', '!has(args.tools)')];
    const set = policies(...texts({ policy: 'p', rules }));
    const decision = decideCall(set, { access: batch, parts: [part(), part(SHELL)] });
    expect(decision).toMatchObject({
      effect: 'deny',
      rules: ['p/finance', 'p/lead'],
      reason: expect.stringMatching(
        /^the batch is refused, since .* no role may approve what the rules `p\/finance`, `p\/lead`/,
      ),
    });
    expect(decision).not.toHaveProperty('held');
  });

  test('stands on the counters of all of its requests, within what they have in common', () => {
    const rules = [
      BATCHES,
      MODELS,
      { id: 'a', deny: 'model.batch', when: 'run.steps >= 20 || run.calls["model/*/*"] > 100' },
      { id: 'b', deny: 'model.generate', when: 'run.steps >= 50' },
    ];
    const limits = [{ id: 'm', max: { depth: 3 } }];
    const set = policies(...texts({ policy: 'p', rules, limits }));
    expect(decideCall(set, { access: batch, parts: [part(), part()] })).toMatchObject({
      counts: [
        { name: 'steps', atLeast: 0, below: 20 },
        { name: 'calls:model/*/*', atLeast: 0, below: 101 },
      ],
      counted: ['model/*/*'],
      bounds: [{ id: 'p/m', depth: 3 }],
    });
  });

  test('is only observed while the gateway observes', () => {
    const set = policiesUnder('observe', texts({ policy: 'p', rules: [BATCHES, MODELS, NO_SHELL] }));
    expect(decideCall(set, { access: batch, parts: [part(SHELL)] })).toMatchObject({
      effect: 'permit',
      shadow: { effect: 'deny', rules: ['p/no-shell'] },
    });
  });
});
