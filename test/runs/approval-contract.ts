// What every store of approvals must do. Run on memory and on Redis.
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Approval } from '../../src/core/approval.ts';
import type { RunId } from '../../src/core/ids.ts';
import {
  type ApprovalRequest,
  type ApprovalStore,
  type AskResult,
  PENDING_OF_TREE_MAX,
} from '../../src/runs/approval-store.ts';
import { freshTenant, type TestClock, testClock } from '../limits/ledger.ts';
import { approver, asks, callId, HOUR, NOON, summary, terms } from './approvals.ts';

export type ApprovalStoreMaker = (clock: TestClock) => ApprovalStore | Promise<ApprovalStore>;

export function approvalContract(name: string, make: ApprovalStoreMaker): void {
  describe(`the approvals contract: ${name}`, () => {
    const clock = testClock();
    let store: ApprovalStore;
    let tenant: string;

    beforeAll(async () => {
      store = await make(clock);
    });
    beforeEach(() => {
      clock.set(NOON);
      tenant = freshTenant();
    });

    async function asked(parts: Partial<ApprovalRequest> = {}): Promise<Approval> {
      return approvalOf(await store.request(asks(tenant, parts)));
    }

    async function approved(parts: Partial<ApprovalRequest> = {}): Promise<Approval> {
      const { id } = await asked(parts);
      const result = await store.decide(tenant, id, approver());
      if (result.kind !== 'counted') throw new Error(result.kind);
      expect(result.approval.state).toBe('approved');
      return result.approval;
    }

    const stateOf = async (id: string) => (await store.get(tenant, id))?.state;

    test('a request is what was asked, and waits', async () => {
      const request = asks(tenant);
      const result = await store.request(request);
      const approval = {
        ...request,
        state: 'pending',
        askedAtMs: NOON,
        expiresAtMs: NOON + 24 * HOUR,
        standsUntilMs: undefined,
        votes: [],
        used: 0,
      };
      expect(result).toEqual({ kind: 'stands', approval, isNew: true });
      expect(await store.get(tenant, request.id)).toEqual(approval);
    });

    test('the same call asks once, whatever it asks again with', async () => {
      const first = await asked();
      const again = await store.request(
        asks(tenant, { terms: terms({ approvers: 5 }), summary: summary({ args: '' }) }),
      );
      expect(again).toEqual({ kind: 'stands', approval: first, isNew: false });
      expect(await store.list(tenant, { count: 10 })).toEqual([first]);
      expect(await store.request(asks(tenant, { binding: 'other' }))).toMatchObject({ isNew: true });
      expect(await store.request(asks(freshTenant()))).toMatchObject({ isNew: true });
    });

    test('one approver approves', async () => {
      const { id } = await asked();
      clock.advance(5);
      expect(await store.decide(tenant, id, approver('bob', { reason: 'fine' }))).toMatchObject({
        kind: 'counted',
        approval: {
          state: 'approved',
          standsUntilMs: NOON + 5 + HOUR,
          votes: [{ by: 'bob', verdict: 'approve', reason: 'fine', atMs: NOON + 5 }],
        },
      });
    });

    test('nobody decides who asked, or through whom it was asked, however the name is written', async () => {
      const { id } = await asked({ summary: summary({ subject: 'Ana@acme.test', actors: ['orchestrator'] }) });
      for (const subject of ['Ana@acme.test', 'ana@ACME.test', ' ana@acme.test', 'ａna@acme.test', 'orchestrator']) {
        for (const verdict of ['approve', 'deny'] as const) {
          expect(await store.decide(tenant, id, approver(subject, { verdict }))).toMatchObject({ kind: 'requester' });
        }
      }
      expect(await stateOf(id)).toBe('pending');
    });

    test('nobody decides who has none of the roles', async () => {
      const { id } = await asked({ terms: terms({ roles: ['security', 'legal'] }) });
      expect(await store.decide(tenant, id, approver())).toMatchObject({ kind: 'role' });
      expect(await store.decide(tenant, id, approver('bob', { roles: [] }))).toMatchObject({ kind: 'role' });
      expect(await store.decide(tenant, id, approver('bob', { roles: ['legal'] }))).toMatchObject({ kind: 'counted' });
      expect(await stateOf(id)).toBe('approved');
    });

    test('four eyes are two people: one who approves twice counts once', async () => {
      const { id } = await asked({ terms: terms({ approvers: 2 }) });
      for (const subject of ['bob', 'bob', 'BOB']) {
        expect(await store.decide(tenant, id, approver(subject))).toMatchObject({
          kind: 'counted',
          approval: { state: 'pending', votes: [{ by: 'bob', atMs: NOON }] },
        });
        clock.advance(1);
      }
      expect(await store.use(tenant, id, callId())).toMatchObject({ isUsed: false });
      expect(await store.decide(tenant, id, approver('cleo'))).toMatchObject({
        kind: 'counted',
        approval: { state: 'approved', votes: [{ by: 'bob' }, { by: 'cleo' }] },
      });
    });

    test('one denial is enough, and final: nobody approves after it', async () => {
      const { id } = await asked({ terms: terms({ approvers: 2 }) });
      await store.decide(tenant, id, approver('bob'));
      expect(await store.decide(tenant, id, approver('cleo', { verdict: 'deny', reason: 'no' }))).toMatchObject({
        kind: 'counted',
        approval: { state: 'denied' },
      });
      for (const voter of [approver('dan'), approver('cleo'), approver('bob')]) {
        expect(await store.decide(tenant, id, voter)).toMatchObject({ kind: 'final', approval: { state: 'denied' } });
      }
      expect(await store.use(tenant, id, callId())).toMatchObject({ isUsed: false, approval: { state: 'denied' } });
    });

    test('who has approved may think better of it while others are waited for', async () => {
      const { id } = await asked({ terms: terms({ approvers: 2 }) });
      await store.decide(tenant, id, approver('bob'));
      expect(await store.decide(tenant, id, approver('bob', { verdict: 'deny' }))).toMatchObject({
        approval: { state: 'denied', votes: [{ by: 'bob', verdict: 'deny' }] },
      });
    });

    test('a denial answers the same call as long as an approval would have served, then it may ask anew', async () => {
      const { id } = await asked();
      await store.decide(tenant, id, approver('bob', { verdict: 'deny' }));
      clock.advance(HOUR - 1);
      expect(await store.request(asks(tenant))).toMatchObject({ isNew: false, approval: { id, state: 'denied' } });
      clock.advance(1);
      expect(await store.request(asks(tenant))).toMatchObject({ isNew: true, approval: { state: 'pending' } });
      expect(await stateOf(id)).toBe('denied');
    });

    test('an approval is used once', async () => {
      const { id } = await approved();
      expect(await store.use(tenant, id, callId())).toMatchObject({
        isUsed: true,
        approval: { state: 'used', used: 1 },
      });
      expect(await store.use(tenant, id, callId())).toMatchObject({
        isUsed: false,
        approval: { state: 'used', used: 1 },
      });
      expect(await store.decide(tenant, id, approver('cleo'))).toMatchObject({
        kind: 'final',
        approval: { state: 'used' },
      });
      expect(await store.request(asks(tenant))).toMatchObject({ isNew: true });
    });

    test('a call that asks again for its use has taken one, however late', async () => {
      const { id } = await approved({ terms: terms({ uses: 2 }) });
      const call = callId();
      await store.use(tenant, id, call);
      expect(await store.use(tenant, id, call)).toMatchObject({ isUsed: true, approval: { used: 1 } });
      clock.advance(2 * HOUR);
      expect(await store.use(tenant, id, call)).toMatchObject({
        isUsed: true,
        approval: { used: 1, state: 'expired' },
      });
    });

    test('an approval for several calls is used by as many', async () => {
      const { id } = await approved({ terms: terms({ uses: 3 }) });
      const results = await Promise.all(Array.from({ length: 10 }, () => store.use(tenant, id, callId())));
      expect(results.filter(({ isUsed }) => isUsed)).toHaveLength(3);
    });

    test('200 calls that use an approval at once use it once', async () => {
      const { id } = await approved();
      const results = await Promise.all(Array.from({ length: 200 }, () => store.use(tenant, id, callId())));
      expect(results.filter(({ isUsed }) => isUsed)).toHaveLength(1);
    });

    test('a use given back is there again, once', async () => {
      const { id } = await approved();
      const call = callId();
      expect(await store.giveBack(tenant, id, call)).toBe(false);
      await store.use(tenant, id, call);
      expect(await store.giveBack(tenant, id, call)).toBe(true);
      expect(await store.giveBack(tenant, id, call)).toBe(false);
      expect(await store.get(tenant, id)).toMatchObject({ state: 'approved', used: 0 });
      expect(await store.use(tenant, id, callId())).toMatchObject({ isUsed: true });
      expect(await store.use(tenant, id, call)).toMatchObject({ isUsed: false });
    });

    test('what nobody decides on expires, and cannot be decided on any more', async () => {
      const { id } = await asked();
      clock.advance(24 * HOUR - 1);
      expect(await stateOf(id)).toBe('pending');
      clock.advance(1);
      expect(await stateOf(id)).toBe('expired');
      expect(await store.decide(tenant, id, approver())).toMatchObject({
        kind: 'final',
        approval: { state: 'expired' },
      });
      expect(await store.use(tenant, id, callId())).toMatchObject({ isUsed: false });
      expect(await store.request(asks(tenant))).toMatchObject({ isNew: true });
    });

    test('an approval that nobody uses expires', async () => {
      const { id } = await approved();
      clock.advance(HOUR - 1);
      expect(await stateOf(id)).toBe('approved');
      clock.advance(1);
      expect(await store.use(tenant, id, callId())).toMatchObject({ isUsed: false, approval: { state: 'expired' } });
      expect(await store.decide(tenant, id, approver('cleo'))).toMatchObject({ kind: 'final' });
      expect(await store.request(asks(tenant))).toMatchObject({ isNew: true });
    });

    test('what is not known is nothing, and of another tenant neither', async () => {
      const { id } = await approved();
      const other = freshTenant();
      for (const [whose, name] of [[tenant, 'appr_none'] as const, [other, id] as const]) {
        expect(await store.get(whose, name)).toBeUndefined();
        expect(await store.decide(whose, name, approver())).toEqual({ kind: 'unknown' });
        expect(await store.use(whose, name, callId())).toEqual({ isUsed: false, approval: undefined });
        expect(await store.giveBack(whose, name, callId())).toBe(false);
      }
      expect(await store.list(other, { count: 10 })).toEqual([]);
    });

    test('a list has the newest first, of one state where that is asked, and no more than is asked', async () => {
      const ids: string[] = [];
      for (let at = 0; at < 5; at += 1) {
        ids.push((await asked({ binding: `binding-${at}` })).id);
        if (at !== 2) clock.advance(1);
      }
      await store.decide(tenant, ids[1] as string, approver());
      await store.decide(tenant, ids[3] as string, approver('bob', { verdict: 'deny' }));
      const listed = async (query: Parameters<ApprovalStore['list']>[1]) =>
        (await store.list(tenant, query)).map(({ id }) => id);
      expect(await listed({ count: 10 })).toEqual(ids.toReversed());
      expect(await listed({ count: 2 })).toEqual([ids[4], ids[3]]);
      expect(await listed({ count: 10, state: 'pending' })).toEqual([ids[4], ids[2], ids[0]]);
      expect(await listed({ count: 2, state: 'pending' })).toEqual([ids[4], ids[2]]);
      expect(await listed({ count: 10, state: 'approved' })).toEqual([ids[1]]);
      expect(await listed({ count: 10, state: 'denied' })).toEqual([ids[3]]);
    });

    test('a list finds the one that waits behind hundreds that do not', async () => {
      const { id } = await asked({ binding: 'the one', summary: summary({ root: 'run_one' as RunId }) });
      for (let at = 0; at < 450; at += 1) {
        clock.advance(1);
        const root = `run_${at}` as RunId;
        const other = await asked({
          binding: `binding-${at}`,
          terms: terms({ expiresMs: 1 }),
          summary: summary({ root }),
        });
        expect(other.state).toBe('pending');
      }
      clock.advance(1);
      expect((await store.list(tenant, { state: 'pending', count: 5 })).map((one) => one.id)).toEqual([id]);
      expect(await store.list(tenant, { count: 400 })).toHaveLength(400);
    });

    test('what waits of a tree is told, and nothing else', async () => {
      const root = 'run_r' as RunId;
      const ids: string[] = [];
      for (const binding of ['a', 'b', 'c', 'd']) {
        const expiresMs = binding === 'd' ? 2 : 24 * HOUR - ids.length;
        ids.push((await asked({ binding, terms: terms({ expiresMs }), summary: summary({ root }) })).id);
        clock.advance(1);
      }
      await asked({ binding: 'other' });
      await store.decide(tenant, ids[1] as string, approver());
      clock.advance(2);
      expect((await store.pendingOf(tenant, root)).map(({ id }) => id)).toEqual([ids[2], ids[0]]);
      expect(await store.pendingOf(tenant, 'run_none' as RunId)).toEqual([]);
    });

    test('an agent that never stops asking fills no store', async () => {
      for (let at = 0; at < PENDING_OF_TREE_MAX; at += 1) await asked({ binding: `binding-${at}` });
      expect(await store.request(asks(tenant, { binding: 'more' }))).toEqual({ kind: 'full', of: 'tree' });
      expect(await store.request(asks(tenant, { binding: 'binding-7' }))).toMatchObject({ isNew: false });
      const elsewhere = summary({ root: 'run_other' as RunId });
      expect(await store.request(asks(tenant, { binding: 'more', summary: elsewhere }))).toMatchObject({ isNew: true });
      clock.advance(24 * HOUR);
      expect(await store.request(asks(tenant, { binding: 'again' }))).toMatchObject({ isNew: true });
    });

    test('texts of any kind come back as they were', async () => {
      const odd = 'é😀 "\\\n{}%  ';
      const { id } = await asked({ summary: summary({ args: odd, because: odd, reason: odd, root: odd as RunId }) });
      await store.decide(tenant, id, approver(`bob ${odd}`, { reason: odd }));
      expect(await store.get(tenant, id)).toMatchObject({
        state: 'approved',
        summary: { args: odd, reason: odd, root: odd },
        votes: [{ by: `bob ${odd}`, reason: odd }],
      });
    });
  });
}

function approvalOf(result: AskResult): Approval {
  if (result.kind === 'full') throw new Error('full');
  return result.approval;
}
