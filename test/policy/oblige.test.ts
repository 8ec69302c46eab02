import { describe, expect, test } from 'vitest';
import type { Call } from '../../src/core/call.ts';
import { type Decision, type Obligation, type Permit, UNBOUND } from '../../src/core/decision.ts';
import { newCallId } from '../../src/core/ids.ts';
import { NO_ESTIMATE } from '../../src/core/usage.ts';
import { decide } from '../../src/policy/decide.ts';
import { oblige } from '../../src/policy/oblige.ts';
import { policies, request } from './fixtures.ts';

const call: Call = {
  id: newCallId(),
  route: { name: 'mcp', protocol: 'mcp', upstreams: ['github'], bodyBytesMax: 1_000 },
  dialect: 'mcp',
  access: request(),
  upstreams: ['github'],
  method: 'POST',
  target: '/',
  headers: {},
  body: Buffer.alloc(0),
  splices: [],
  estimate: NO_ESTIMATE,
  model: '',
  stream: false,
  hideUsage: false,
  abortable: true,
  rpc: undefined,
  candidates: [],
  fallbacks: [],
};

const permit: Permit = {
  effect: 'permit',
  rules: ['p/r'],
  revision: 'rev',
  shadow: undefined,
  facts: {},
  obligations: [{ kind: 'narrow' }],
  quotas: [],
  ...UNBOUND,
};

describe('a permitted call', () => {
  test('is the call, with what its permit stands on', () => {
    const { decision, ...rest } = oblige({ call, decision: permit, fallbacks: [] });
    expect(rest).toEqual(call);
    expect(decision).toBe(permit);
  });

  test('is made of a permit that labels the run and journals the call', () => {
    const obligations: Obligation[] = [
      { kind: 'label', labels: ['seen'], scope: 'tree' },
      { kind: 'journal', rule: 'p/r', undo: undefined },
    ];
    expect(oblige({ call, decision: { ...permit, obligations }, fallbacks: [] }).decision.obligations).toBe(
      obligations,
    );
  });

  test('is not made of a denial, which tells its rule and its reason', () => {
    const denied = decide(policies('policy: p\nrules: [{ id: d, deny: tool.call, because: so }]'), call.access);
    expect(() => oblige({ call, decision: denied, fallbacks: [] })).toThrow(
      expect.objectContaining({
        code: 'policy.denied',
        rule: 'p/d',
        message: expect.stringContaining('by rule `p/d`: so'),
      }),
    );
  });

  test('is not made of a hold', () => {
    const held: Decision = {
      effect: 'hold',
      rules: ['p/h'],
      reason: 'held',
      revision: 'rev',
      shadow: undefined,
      facts: {},
    };
    expect(() => oblige({ call, decision: held, fallbacks: [] })).toThrow(
      expect.objectContaining({ code: 'policy.hold', rule: 'p/h', message: 'held' }),
    );
  });

  test('is not made where the permit stands on what nobody here can do', () => {
    const unknown = { kind: 'redact' } as unknown as Obligation;
    expect(() =>
      oblige({ call, decision: { ...permit, obligations: [{ kind: 'narrow' }, unknown] }, fallbacks: [] }),
    ).toThrow(
      expect.objectContaining({
        code: 'policy.obligation',
        message: 'this gateway cannot `redact`, which the permit requires',
      }),
    );
  });
});
