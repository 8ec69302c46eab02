import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { outcomeEntry, permitEntry, refusalEntry } from '../../src/audit/entry.ts';
import type { PermittedCall } from '../../src/core/call.ts';
import { GatewayError } from '../../src/core/errors.ts';
import type { CallId } from '../../src/core/ids.ts';
import type { MicroUsd } from '../../src/core/money.ts';
import { ANA, METERED, PERMIT, QUOTE, recordOf, SPENT, toolCall, TRACE } from './calls.ts';
import { rootRun } from '../support/runs.ts';

const keep = (text: string): string => text;

describe('audit entries', () => {
  test('a permit says who may do what, on whose behalf, under which rule, and what is held for it', () => {
    const call = toolCall();
    const { kind, json } = permitEntry(call, { atMs: 5, traceId: TRACE, quote: QUOTE, standings: SPENT });
    expect(kind).toBe('permit');
    expect(JSON.parse(json)).toEqual({
      at: 5,
      kind: 'permit',
      call: 'call_1',
      trace: TRACE,
      principal: {
        subject: 'ana',
        tenant: 'acme',
        agent: 'researcher',
        issuer: 'https://idp.example',
        credential: 'jwt',
        actors: [{ subject: 'orchestrator', issuer: 'https://idp.example' }],
      },
      run: { id: 'run_2', root: 'run_1', parent: 'run_1', depth: 1, name: 'run_2', source: 'hint' },
      action: 'tool.call',
      resource: 'tool/github/create "issue"',
      route: 'github',
      dialect: 'mcp',
      upstreams: ['github'],
      model: '',
      body: {
        sha256: createHash('sha256').update(call.body).digest('hex'),
        bytes: call.body.length,
        splices: ['mcp-trace'],
      },
      decision: { effect: 'permit', rules: ['research/tools'], revision: 'sha256:abc', obligations: ['narrow'] },
      facts: {},
      quote: { tokens: 10, usdMicros: 20 },
      standings: [{ quota: 'research/pace', remaining: 7 }],
    });
  });

  test('of a call with several candidates, its permit names all that it may go to and its outcome the one it was sent to', () => {
    const other = toolCall({ body: Buffer.from('other'), splices: ['model-alias'] });
    const backup = { kind: 'model', upstream: 'backup', name: 'm' } as const;
    const candidates = [toolCall().access.resource, backup, { ...backup, upstream: 'forbidden' }];
    const fallback = { ...other, candidates, access: { ...other.access, resource: backup } };
    const permit = permitEntry(
      { ...toolCall({ candidates }), fallbacks: [fallback] },
      { atMs: 5, traceId: TRACE, quote: QUOTE, standings: SPENT },
    );
    expect(JSON.parse(permit.json)).toMatchObject({ candidates: ['tool/github/create "issue"', 'model/backup/m'] });
    expect(JSON.parse(outcomeEntry(recordOf(fallback), TRACE).json)).toMatchObject({
      sent: {
        resource: 'model/backup/m',
        sha256: createHash('sha256').update('other').digest('hex'),
        splices: ['model-alias'],
      },
    });
  });

  test('an outcome says what became of it: ending, usage and cost', () => {
    const { json } = outcomeEntry(recordOf(toolCall(), { metered: METERED }), TRACE);
    expect(JSON.parse(json)).toEqual({
      at: 1_250,
      kind: 'outcome',
      call: 'call_1',
      trace: TRACE,
      ending: 'complete',
      status: 200,
      durationMs: 250,
      firstByteMs: 80,
      usage: { input: 100, cacheRead: 20, cacheWrite: 5, output: 40, reasoning: 10 },
      cost: { tokens: 165, usdMicros: 1_234 },
      estimated: true,
      answeredBy: 'gpt-5',
      response: 'chatcmpl-1',
      finish: ['stop'],
    });
  });

  test('a permit keeps what its conditions read and what a shadow would have said, for a later replay', () => {
    const shadow = { effect: 'deny', rules: ['next/no'], reason: 'x' } as const;
    const call = { ...toolCall(), decision: { ...PERMIT, shadow, facts: { 'args.repo': 'prod' } } } as PermittedCall;
    const { json } = permitEntry(call, { atMs: 5, traceId: TRACE, quote: QUOTE, standings: [] });
    expect(JSON.parse(json)).toMatchObject({
      facts: { 'args.repo': 'prod' },
      shadow: { effect: 'deny', rules: ['next/no'] },
    });
  });

  test('a refusal is one entry with everything that is known', () => {
    const error = new GatewayError('policy.denied', 'denied', { rule: 'research/no' });
    const decision = {
      effect: 'deny',
      rules: ['research/no'],
      revision: 'r',
      reason: 'no "prod"',
      shadow: undefined,
      facts: { n: 1 },
    } as const;
    const record = recordOf(toolCall(), {
      decision,
      error,
      status: 403,
      ending: 'refused',
      permitted: false,
      firstByteAtMs: undefined,
      metered: undefined,
    });
    expect(JSON.parse(refusalEntry(record, TRACE, keep).json)).toMatchObject({
      kind: 'refusal',
      request: { method: 'POST', path: '/mcp/github', peer: '10.1.2.3' },
      principal: { subject: 'ana' },
      resource: 'tool/github/create "issue"',
      body: { bytes: toolCall().body.length },
      decision: { effect: 'deny', rules: ['research/no'], revision: 'r', reason: 'no "prod"' },
      facts: { n: 1 },
      quote: { tokens: 10 },
      standings: [{ quota: 'research/pace', remaining: 7 }],
      ending: 'refused',
      status: 403,
      error: { code: 'policy.denied', rule: 'research/no' },
    });
  });

  test('a tool that failed says so in the outcome of its call', () => {
    const told = (failure: string | undefined): unknown =>
      JSON.parse(
        outcomeEntry(recordOf(toolCall(), { metered: { ...METERED, ...(failure && { failure }) } }), TRACE).json,
      );
    expect(told('tool_error')).toMatchObject({ failure: 'tool_error' });
    expect(told(undefined)).not.toHaveProperty('failure');
  });

  test('a request that nobody could be found for still has its entry, with the reason of its token’s refusal', () => {
    const cause = Object.assign(new Error('the token of ana@example.com is over'), { code: 'ERR_JWT_EXPIRED' });
    const error = new GatewayError('identity.expired', 'the token has expired', { cause });
    const none = {
      principal: undefined,
      decision: undefined,
      quote: undefined,
      standings: [],
      permitted: false,
    } as const;
    const record = recordOf(undefined, {
      ...none,
      error,
      status: 401,
      ending: 'refused',
      firstByteAtMs: undefined,
      metered: undefined,
    });
    const { json } = refusalEntry(record, TRACE, keep);
    expect(JSON.parse(json)).toEqual({
      at: 1_250,
      kind: 'refusal',
      call: 'call_1',
      trace: TRACE,
      request: { method: 'POST', path: '/mcp/github', peer: '10.1.2.3' },
      standings: [],
      ending: 'refused',
      status: 401,
      durationMs: 250,
      error: { code: 'identity.expired', cause: 'ERR_JWT_EXPIRED' },
    });
  });

  test('a cause without a code is told by its kind, and never by its text', () => {
    const outcome = (cause: unknown): string =>
      outcomeEntry(recordOf(toolCall(), { error: new GatewayError('upstream.broken', 'broke off', { cause }) }), TRACE)
        .json;
    expect(JSON.parse(outcome(new TypeError('canary')))).toMatchObject({
      error: { code: 'upstream.broken', cause: 'TypeError' },
    });
    expect(outcome(new TypeError('canary'))).not.toContain('canary');
    expect(outcome('canary')).not.toContain('canary');
  });

  test('neither headers nor content nor credentials are in an entry', () => {
    const request = {
      ...recordOf(undefined).request,
      headers: { authorization: 'Bearer header-canary' },
      query: '?key=query-canary',
      path: '/v1/path-canary',
    };
    const { access } = toolCall();
    const call = toolCall({
      access: { ...access, args: { title: 'args-canary' } },
      body: Buffer.from('body-canary'),
      headers: { cookie: 'header-canary' },
      target: '?key=query-canary',
    });
    const record = recordOf(call, { request });
    const mask = (text: string): string => text.replace('path-canary', '[redacted]');
    const written = [
      permitEntry(call, { atMs: 5, traceId: TRACE, quote: QUOTE, standings: SPENT }).json,
      outcomeEntry(record, TRACE).json,
      refusalEntry(record, TRACE, mask).json,
    ].join('\n');
    expect(written).not.toContain('canary');
  });

  test('text that JSON would not hold as it is, is quoted, whoever it comes from', () => {
    const odd = '"\\\u0000\n\u2028é"';
    const principal = { ...ANA, subject: odd };
    const { access } = toolCall();
    const run = rootRun(odd, { name: odd });
    const call = toolCall({
      id: odd as CallId,
      model: odd,
      upstreams: [odd, odd],
      access: { ...access, principal, run, resource: { kind: 'tool', upstream: odd, name: odd } },
    });
    const record = recordOf(call, {
      id: odd as CallId,
      principal,
      error: new GatewayError('policy.denied', odd, { rule: odd }),
      metered: { ...METERED, finishReasons: [odd], model: odd },
    });
    expect(
      JSON.parse(permitEntry(call, { atMs: 5, traceId: TRACE, quote: QUOTE, standings: SPENT }).json),
    ).toMatchObject({ call: odd, model: odd, upstreams: [odd, odd], principal: { subject: odd } });
    expect(JSON.parse(outcomeEntry(record, TRACE).json)).toMatchObject({
      finish: [odd],
      answeredBy: odd,
      error: { rule: odd },
    });
    expect(JSON.parse(refusalEntry(record, TRACE, () => odd).json)).toMatchObject({
      request: { method: odd, path: odd },
    });
  });

  test('money is a whole number of millionths', () => {
    const json = outcomeEntry(
      recordOf(toolCall(), {
        metered: { ...METERED, charge: { tokens: 1, money: 9_007_199_254_740_991 as MicroUsd } },
      }),
      TRACE,
    ).json;
    expect(json).toContain('"usdMicros":9007199254740991');
  });
});
