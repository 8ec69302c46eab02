import { describe, test } from 'vitest';
import { seal } from '../../src/audit/chain.ts';
import { type AuditEntry, chainEntry, outcomeEntry, permitEntry, refusalEntry } from '../../src/audit/entry.ts';
import { segmentName } from '../../src/audit/segment.ts';
import type { PermittedCall } from '../../src/core/call.ts';
import type { Permit } from '../../src/core/decision.ts';
import { GatewayError } from '../../src/core/errors.ts';
import type { Quota, Standing } from '../../src/core/quota.ts';
import type { CallRecord } from '../../src/core/record.ts';
import { UNBOUND } from '../../src/core/decision.ts';
import { ANA, chatCall, METERED, PERMIT, recordOf } from '../telemetry/calls.ts';
import { childRun, rootRun } from '../support/runs.ts';
import { expectPinned } from './pinned.ts';

const quota: Quota = {
  id: 'p/pace',
  kind: 'rate',
  unit: 'requests',
  amount: 10,
  window: { kind: 'rolling', ms: 60_000 },
  per: ['tenant'],
  enforced: true,
};
const standings: readonly Standing[] = [{ quota, remaining: 9, resetMs: 1_000 }];
const principal = { ...ANA, actors: [{ subject: 'bot', issuer: 'https://idp.example' }] };
const plain = chatCall({ splices: ['model-alias'] });
const run = childRun(childRun(rootRun('run_0'), 'run_1'), 'run_2');
const shadow = { effect: 'deny', rules: ['p/trial'], reason: 'x' } as const;
const decision: Permit = {
  ...PERMIT,
  ...UNBOUND,
  effect: 'permit',
  obligations: [],
  quotas: [],
  facts: { 'args.owner': 'acme' },
  shadow,
};
const call: PermittedCall = {
  ...plain,
  decision,
  access: { ...plain.access, principal, run },
  localMode: 'up',
  candidates: [plain.access.resource, { ...plain.access.resource, upstream: 'backup' }],
};

/** A record in which nothing is missing. */
function full(change: Partial<CallRecord>): CallRecord {
  const error = new GatewayError('policy.denied', 'x', { rule: 'p/r', cause: new Error('y'), isRemembered: true });
  const metered = { ...METERED, failure: 'tool_error' };
  return recordOf(call, { principal, standings, error, decision, metered, ...change });
}

/** `principal.actors[].subject`: every member that a line has, in its order. */
function membersOf({ json }: AuditEntry): string[] {
  const { line } = seal({ chain: 'c', seq: 0, hash: '0'.repeat(64) }, json);
  return paths(JSON.parse(Buffer.concat(line).toString()), '');
}

function paths(value: unknown, at: string): string[] {
  if (Array.isArray(value)) return value.length > 0 ? paths(value[0], `${at}[]`) : [at];
  if (typeof value !== 'object' || value === null) return [at];
  return Object.entries(value).flatMap(([name, inner]) => paths(inner, at === '' ? name : `${at}.${name}`));
}

const ASKED = [
  'principal.subject',
  'principal.tenant',
  'principal.agent',
  'principal.issuer',
  'principal.credential',
  'principal.actors[].subject',
  'principal.actors[].issuer',
  'run.id',
  'run.root',
  'run.parent',
  'run.depth',
  'run.path[]',
  'run.name',
  'run.source',
  'action',
  'resource',
  'route',
  'dialect',
  'upstreams[]',
  'model',
  'body.sha256',
  'body.bytes',
  'body.splices[]',
];

describe('members of the lines of the audit', () => {
  test('of a permit', () => {
    const entry = permitEntry(call, {
      atMs: 1,
      traceId: 'f'.repeat(32),
      quote: { tokens: 1, money: 1 as never },
      standings,
    });
    expectPinned(membersOf(entry), [
      'seq',
      'at',
      'kind',
      'call',
      'trace',
      ...ASKED,
      'candidates[]',
      'localMode',
      'decision.effect',
      'decision.rules[]',
      'decision.revision',
      'decision.obligations',
      'facts.args.owner',
      'shadow.effect',
      'shadow.rules[]',
      'quote.tokens',
      'quote.usdMicros',
      'standings[].quota',
      'standings[].remaining',
      'hash',
    ]);
  });

  test('of an outcome', () => {
    expectPinned(membersOf(outcomeEntry(full({}), 'f'.repeat(32))), [
      'seq',
      'at',
      'kind',
      'call',
      'trace',
      'sent.resource',
      'sent.sha256',
      'sent.splices[]',
      'ending',
      'status',
      'durationMs',
      'firstByteMs',
      'usage.input',
      'usage.cacheRead',
      'usage.cacheWrite',
      'usage.output',
      'usage.reasoning',
      'cost.tokens',
      'cost.usdMicros',
      'estimated',
      'answeredBy',
      'response',
      'finish[]',
      'failure',
      'error.code',
      'error.rule',
      'error.cause',
      'error.remembered',
      'hash',
    ]);
  });

  test('of a refusal', () => {
    const decision = { ...PERMIT, effect: 'deny', reason: 'x', facts: { 'args.owner': 'acme' }, shadow } as const;
    expectPinned(membersOf(refusalEntry(full({ decision }), 'f'.repeat(32), (text) => text)), [
      'seq',
      'at',
      'kind',
      'call',
      'trace',
      'request.method',
      'request.path',
      'request.peer',
      ...ASKED,
      'decision.effect',
      'decision.rules[]',
      'decision.revision',
      'decision.reason',
      'facts.args.owner',
      'shadow.effect',
      'shadow.rules[]',
      'quote.tokens',
      'quote.usdMicros',
      'standings[].quota',
      'standings[].remaining',
      'ending',
      'status',
      'durationMs',
      'firstByteMs',
      'error.code',
      'error.rule',
      'error.cause',
      'error.remembered',
      'hash',
    ]);
  });

  test('of the chain itself', () => {
    expectPinned(membersOf(chainEntry('stop', 1, {})), ['seq', 'at', 'kind', 'hash']);
  });

  test('and the name of a file', () => {
    expectPinned(segmentName({ chain: 'gw-1.17.ab', number: 1 }), 'audit-gw-1.17.ab-000001.jsonl');
  });
});
