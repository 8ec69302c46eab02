import { describe, expect, test } from 'vitest';
import type { Approval, ApprovalState } from '../../src/core/approval.ts';
import type { RunId } from '../../src/core/ids.ts';
import type { Quota } from '../../src/core/quota.ts';
import { NEW_TREE, type Stop } from '../../src/core/run.ts';
import { ownAnswer, requestAnswer, statusAnswer } from '../../src/protocols/mcp-own-answers.ts';
import { NOON, run, summary, terms } from '../runs/approvals.ts';

const rpc = (revision?: string) => ({ id: '"a"', method: 'tools/call', revision });
const answered = (revision: string | undefined, parts: Parameters<typeof ownAnswer>[1]) => {
  const { status, headers, body } = ownAnswer(rpc(revision), parts);
  expect({ status, type: headers['content-type'] }).toEqual({ status: 200, type: 'application/json' });
  return JSON.parse(body) as unknown;
};

const approval = (state: ApprovalState, parts: Partial<Approval> = {}): Approval => ({
  id: 'appr_1',
  tenant: 'acme',
  state,
  binding: 'b',
  terms: terms({ roles: ['security', 'legal'] }),
  summary: summary(),
  askedAtMs: NOON,
  expiresAtMs: NOON + 90_000,
  standsUntilMs: undefined,
  votes: [],
  used: 0,
  ...parts,
});

describe('an answer of our own', () => {
  test('is one as of any tool, in both eras', () => {
    const result = { content: [{ type: 'text', text: 'fine' }], structuredContent: { a: 1 }, isError: false };
    expect(answered('2025-11-25', { text: 'fine', values: { a: 1 } })).toEqual({ jsonrpc: '2.0', id: 'a', result });
    expect(answered('2026-07-28', { text: 'fine', values: { a: 1 } })).toEqual({
      jsonrpc: '2.0',
      id: 'a',
      result: { resultType: 'complete', ...result },
    });
    expect(answered(undefined, { text: 'no', isError: true })).toEqual({
      jsonrpc: '2.0',
      id: 'a',
      result: { content: [{ type: 'text', text: 'no' }], isError: true },
    });
  });
});

describe('waygate__status', () => {
  const quota = (parts: Partial<Quota>): Quota => ({
    id: 'research/pace',
    kind: 'rate',
    unit: 'requests',
    amount: 60,
    window: { kind: 'rolling', ms: 60_000 },
    per: ['agent'],
    enforced: true,
    ...parts,
  });
  const stop = (state: Stop['state'], because: string): Stop => ({
    state,
    cause: 'person',
    by: 'bob',
    because,
    atMs: NOON,
  });

  test('says what is left, what the run carries, what stops it and what waits', () => {
    const tree = {
      ...NEW_TREE,
      labels: new Set(['saw-untrusted', 'local@run_1', 'other@run_9']),
      stops: new Map([
        ['run_0' as RunId, stop('paused', 'look at this')],
        ['run_9' as RunId, stop('killed', 'elsewhere')],
      ]),
      tenantStops: new Map([
        ['agent:researcher', stop('draining', '')],
        ['agent:other', stop('killed', 'elsewhere')],
      ]),
    };
    const answer = statusAnswer({
      run: { ...run(), tree },
      agent: 'researcher',
      standings: [
        { quota: quota({}), remaining: 12, resetMs: 41_200 },
        {
          quota: quota({ id: 'research/run-budget', unit: 'money', amount: 25_000_000 }),
          remaining: 3_400_000,
          resetMs: 0,
        },
        { quota: quota({ id: 'research/swarm:steps', amount: 4_000 }), remaining: 10, resetMs: Infinity },
      ],
      pending: [approval('pending')],
      nowMs: NOON + 30_000,
    });
    expect(answer.text.split('\n')).toEqual([
      'run run_1, depth 1, in the tree of run_0',
      'draining by a person',
      'paused by a person: look at this',
      'labels: saw-untrusted, local',
      'research/pace: 12 requests of 60 requests left, all of it again in 42 s',
      'research/run-budget: 3.40 USD of 25.00 USD left',
      'research/swarm:steps: 10 requests of 4000 requests left',
      'appr_1: tool/mail/send waits for approval',
    ]);
    expect(answer.values).toMatchObject({
      run: 'run_1',
      root: 'run_0',
      depth: 1,
      labels: ['saw-untrusted', 'local'],
      stops: [{ state: 'draining' }, { state: 'paused', cause: 'person', because: 'look at this' }],
      limits: [{ id: 'research/pace', left: '12 requests', of: '60 requests', resetsInSeconds: 42 }, {}, {}],
      approvals: [{ id: 'appr_1', resource: 'tool/mail/send', run: 'run_1', expiresInSeconds: 60 }],
    });
    expect(JSON.stringify(answer)).not.toMatch(/elsewhere|bob/);
  });

  test('of a run that nothing is known of says so', () => {
    const facts = { run: run('run_0'), agent: '', standings: [], pending: [], nowMs: NOON };
    expect(statusAnswer(facts).text).toBe('run run_0, depth 1\nno labels');
  });
});

describe('waygate__request', () => {
  test.each([
    [
      'pending',
      undefined,
      /^`appr_1` waits for an approver \(`security` or `legal`\) until 2026-11-23T12:01:30/,
      undefined,
    ],
    [
      'approved',
      NOON + 5_000,
      /^approved as `appr_1`: make the call with exactly these arguments before 2026-11-23T12:00:05/,
      undefined,
    ],
    ['denied', NOON + 5_000, /^denied by an approver, as `appr_1`; do not ask again before 2026-11-23T12:00:05/, true],
  ] as const)('says what to do while it is %s', (state, standsUntilMs, text, isError) => {
    const answer = requestAnswer(approval(state, { standsUntilMs }));
    expect(answer.text).toMatch(text);
    expect(answer.isError).toBe(isError);
    expect(answer.values).toMatchObject({ approval: 'appr_1', state, resource: 'tool/mail/send' });
  });
});
