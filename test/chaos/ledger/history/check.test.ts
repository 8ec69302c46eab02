// Histories made by hand, each with one thing wrong that no ledger may do, and some that look odd and are right.
import { describe, expect, test } from 'vitest';
import type { Claim, ClaimState } from '../../../../src/limits/store.ts';
import { claim, concurrency } from '../../../limits/ledger.ts';
import { check, type Ledger } from './check.ts';
import type { Asked, Operation, Outcome } from './operation.ts';

const LEASE = 1_000;
const YEAR = { kind: 'calendar', startMs: 0, endMs: 1e15 } as const;
const BUDGET = claim({ key: 'budget', limit: 100, window: YEAR });
const RATE = claim({ key: 'rate', ask: 1, limit: 2, mode: 'spend', window: { kind: 'rolling', ms: 1_000 } });
const UNKNOWN: Outcome = { kind: 'info' };

/** Takes from `atMs` on 2 ms, or for ever where its outcome is not known. */
function operation(asked: Asked, atMs: number, outcome: Outcome): Operation {
  return { asked, invokedMs: atMs, completedMs: outcome.kind === 'info' ? Infinity : atMs + 2, outcome };
}

const state = (settled: number, held: number): ClaimState => ({ settled, held, resetMs: 0, retryMs: 0 });

function admit(call: string, atMs: number, { claims = [BUDGET], outcome, kind = 'admitted', states }: Admitting = {}) {
  const answer = { kind, states: states ?? claims.map(() => state(0, 0)) };
  const asked = { kind: 'admit', call: call as never, leaseMs: LEASE, chain: [{ scope: 'call', claims }] } as const;
  return operation(asked, atMs, outcome ?? { kind: 'ok', answer });
}

interface Admitting {
  readonly claims?: readonly Claim[];
  readonly outcome?: Outcome;
  readonly kind?: 'admitted' | 'exceeded';
  readonly states?: readonly ClaimState[];
}

const ended = (yes: boolean): Outcome => ({ kind: 'ok', answer: { kind: 'ended', ended: yes } });

function settle(call: string, atMs: number, used: number, outcome: Outcome = ended(true)): Operation {
  return operation({ kind: 'settle', call: call as never, actual: [used] }, atMs, outcome);
}

function release(call: string, atMs: number, outcome: Outcome = ended(true)): Operation {
  return operation({ kind: 'release', call }, atMs, outcome);
}

function renew(call: string, atMs: number, outcome: Outcome = { kind: 'ok', answer: { kind: 'renewed' } }): Operation {
  return operation({ kind: 'renew', calls: [call], leaseMs: LEASE }, atMs, outcome);
}

const budget = (settled: number, held = 0): Ledger => new Map([['budget', { settled, held }]]);

function violations(operations: readonly Operation[], ledger: Ledger = budget(0)): readonly string[] {
  return check(operations, ledger).violations;
}

describe('the history checker accepts', () => {
  test.each<readonly [string, readonly Operation[], Ledger]>([
    [
      'calls that end as they should',
      [admit('a', 0), settle('a', 50, 7), admit('b', 90), release('b', 120)],
      budget(7),
    ],
    ['a call whose client died: charged in full', [admit('a', 0)], budget(10)],
    ['more than was reserved', [admit('a', 0), settle('a', 50, 30)], budget(30)],
    ['an admission of unknown outcome, made', [admit('a', 0, { outcome: UNKNOWN })], budget(10)],
    ['an admission of unknown outcome, not made', [admit('a', 0, { outcome: UNKNOWN })], budget(0)],
    ['a settlement of unknown outcome, made', [admit('a', 0), settle('a', 50, 7, UNKNOWN)], budget(7)],
    ['a settlement of unknown outcome, not made', [admit('a', 0), settle('a', 50, 7, UNKNOWN)], budget(10)],
    ['a settlement that comes too late', [admit('a', 0), settle('a', 1_500, 7, ended(false))], budget(10)],
    ['a settlement after a renewal', [admit('a', 0), renew('a', 900), settle('a', 1_500, 7)], budget(7)],
    [
      'a settlement repeated, since its answer was lost',
      [admit('a', 0), settle('a', 50, 7, UNKNOWN), settle('a', 300, 7, ended(false))],
      budget(7),
    ],
    [
      'an admission of unknown outcome that was taken back in time',
      [admit('a', 0, { outcome: UNKNOWN }), release('a', 200, ended(false))],
      budget(0),
    ],
    [
      'a refusal at the limit',
      [admit('a', 0, { claims: [{ ...BUDGET, ask: 100 }] }), admit('b', 50, { kind: 'exceeded' })],
      budget(100),
    ],
    [
      'two who meet at the limit while one of them ends',
      [
        admit('a', 0, { claims: [concurrency(1)] }),
        { ...settle('a', 50, 1), completedMs: 90 },
        { ...admit('b', 60, { claims: [concurrency(1)] }), completedMs: 80 },
      ],
      new Map(),
    ],
    [
      'a rate met again once its window has passed',
      [0, 100, 1_200].map((atMs) => admit(`call-${atMs}`, atMs, { claims: [RATE] })),
      new Map(),
    ],
  ])('%s', (_, operations, ledger) => {
    expect(violations(operations, ledger)).toEqual([]);
  });
});

describe('the history checker goes red for', () => {
  test.each<readonly [string, RegExp, readonly Operation[], Ledger]>([
    [
      'a reservation that ends twice',
      /ended 2 times/,
      [admit('a', 0), settle('a', 50, 7), release('a', 90)],
      budget(7),
    ],
    [
      'the end of a call that was refused',
      /never admitted/,
      [admit('a', 0, { kind: 'exceeded' }), settle('a', 50, 0)],
      budget(0),
    ],
    ['the end of a call that nobody asked for', /never admitted/, [settle('a', 50, 0)], budget(0)],
    ['an end before the admission', /ended before/, [settle('a', 0, 7), admit('a', 50)], budget(7)],
    ['a settlement of what had lapsed', /after its lease/, [admit('a', 0), settle('a', 1_500, 7)], budget(7)],
    ['an end that nobody made', /without an end/, [admit('a', 0), settle('a', 50, 7, ended(false))], budget(10)],
    ['a settlement that was lost', /must be from 7 to 7/, [admit('a', 0), settle('a', 50, 7)], budget(0)],
    ['a settlement that was booked twice', /must be from 7 to 7/, [admit('a', 0), settle('a', 50, 7)], budget(14)],
    ['a crash that was paid back', /must be from 10 to 10/, [admit('a', 0)], budget(0)],
    ['more than all unknown ones could be', /must be from 0 to 10/, [admit('a', 0, { outcome: UNKNOWN })], budget(11)],
    [
      'an admission that was made though it was taken back',
      /must be from 0 to 0/,
      [admit('a', 0, { outcome: UNKNOWN }), release('a', 200, ended(false))],
      budget(10),
    ],
    ['what is held though all leases are over', /holds 10/, [admit('a', 0), release('a', 50)], budget(0, 10)],
    [
      'an admission repeated and told otherwise',
      /told otherwise/,
      [admit('a', 0), admit('a', 30, { states: [state(0, 20)] }), settle('a', 50, 7)],
      budget(7),
    ],
    [
      'an admission repeated and refused',
      /told otherwise/,
      [admit('a', 0), admit('a', 30, { kind: 'exceeded' }), settle('a', 50, 7)],
      budget(7),
    ],
    [
      'an answer that says itself that the limit is passed',
      /admitted at budget with 95 \+ 10 of 100/,
      [admit('a', 0, { states: [state(95, 10)] }), settle('a', 50, 7)],
      budget(7),
    ],
    [
      'a lost ledger where nothing was lost',
      /said to be lost/,
      [admit('a', 0, { outcome: { kind: 'ok', answer: { kind: 'lost' } } })],
      budget(0),
    ],
    [
      'a budget passed by what is held',
      /b passed budget: 95 and 10/,
      [admit('a', 0, { claims: [{ ...BUDGET, ask: 95 }] }), admit('b', 50), release('a', 90), release('b', 90)],
      budget(0),
    ],
    [
      'a budget passed by what was spent',
      /b passed budget: 95 and 10/,
      [admit('a', 0), settle('a', 30, 95), admit('b', 60), release('b', 90)],
      budget(95),
    ],
    [
      'too many at the same time',
      /passed policy\/at-once: 1 and 1/,
      [admit('a', 0, { claims: [concurrency(1)] }), admit('b', 50, { claims: [concurrency(1)] })],
      new Map(),
    ],
    [
      'a rate passed within its window',
      /passed rate: 3 of 2/,
      [0, 100, 900].map((atMs) => admit(`call-${atMs}`, atMs, { claims: [RATE] })),
      new Map(),
    ],
  ])('%s', (_, words, operations, ledger) => {
    expect(violations(operations, ledger).join('\n')).toMatch(words);
  });
});

test('observed limits are never passed, and counted all the same', () => {
  const observed = { ...BUDGET, ask: 80, enforced: false };
  const operations = [admit('a', 0, { claims: [observed] }), admit('b', 50, { claims: [observed] })];
  expect(violations(operations, budget(160))).toEqual([]);
  expect(violations(operations, budget(80))).toHaveLength(1);
});
