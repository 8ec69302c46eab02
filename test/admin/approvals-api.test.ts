import { describe, expect, test } from 'vitest';
import { approvalsApi } from '../../src/admin/approvals-api.ts';
import type { OperatorAction } from '../../src/admin/stop-source.ts';
import { GatewayError } from '../../src/core/errors.ts';
import { memoryApprovals } from '../../src/runs/approval-memory.ts';
import type { ApprovalRequest } from '../../src/runs/approval-store.ts';
import { testClock } from '../limits/ledger.ts';
import { approver, asks, callId, HOUR, summary, terms } from '../runs/approvals.ts';
import { listening, operatorToken, RANKED } from './listening.ts';

async function opened(tenant = 'default') {
  const clock = testClock();
  const store = memoryApprovals({ clock });
  const decided: string[] = [];
  const actions: OperatorAction[] = [];
  let isAudited = true;
  const onAction = async (action: OperatorAction): Promise<void> => {
    if (!isAudited) throw new GatewayError('audit.unavailable', 'the audit does not answer');
    actions.push(action);
  };
  const onDecided = (of: string, id: string): void => void decided.push(`${of} ${id}`);
  const { ask, url } = await listening({ parts: { approvals: approvalsApi({ store, onAction, onDecided }) } });
  const put = async (parts: Partial<ApprovalRequest> = {}): Promise<string> => {
    const request = asks(tenant, parts);
    await store.request(request);
    return request.id;
  };
  return { clock, store, decided, actions, ask, url, put, loseAudit: () => void (isAudited = false) };
}

const who = (roles: readonly string[], sub = 'olga', tenants: string | readonly string[] = '*') => ({
  token: operatorToken(roles, { sub, tenants }),
});
const post = (body: object, ...asked: Parameters<typeof who>) => ({ method: 'POST', body, ...who(...asked) });

describe('a list', () => {
  test('has what waits, the newest first, with all that an approver needs', async () => {
    const { ask, put, clock } = await opened();
    const older = await put({ binding: 'a' });
    clock.advance(1);
    const newer = await put({ binding: 'b', summary: summary({ reason: 'due', actors: ['boss'] }) });
    const { status, body } = await ask('/api/approvals?state=pending', who([RANKED.viewer]));
    expect(status).toBe(200);
    expect(body).toMatchObject({ tenant: 'default', approvals: [{ id: newer }, { id: older }] });
    expect((body as { approvals: unknown[] }).approvals[0]).toEqual({
      id: newer,
      tenant: 'default',
      state: 'pending',
      action: 'tool.call',
      resource: 'tool/mail/send',
      arguments: '{"to":"bob"}',
      argumentsCut: false,
      digest: 'd'.repeat(64),
      agent: 'researcher',
      subject: 'ana',
      actors: ['boss'],
      run: 'run_1',
      root: 'run_0',
      because: 'held by rule `research/no-egress`',
      reason: 'due',
      rules: ['research/no-egress'],
      roles: ['approver'],
      approvers: 1,
      asked: '2026-11-23T12:00:00.001Z',
      expires: '2026-11-24T12:00:00.001Z',
      stands: null,
      votes: [],
      uses: 1,
      used: 0,
    });
  });

  test('is of one state where that is asked, and as long as is asked', async () => {
    const { ask, put, store } = await opened();
    const first = await put({ binding: 'a' });
    await put({ binding: 'b' });
    await store.decide('default', first, approver());
    const ids = async (query: string) =>
      ((await ask(`/api/approvals${query}`)).body as { approvals: { id: string }[] }).approvals.map(({ id }) => id);
    expect(await ids('?state=approved')).toEqual([first]);
    expect(await ids('')).toHaveLength(2);
    expect(await ids('?limit=1')).toHaveLength(1);
    for (const query of ['?state=open', '?limit=0', '?limit=501', '?x=1']) {
      expect(await ask(`/api/approvals${query}`)).toMatchObject({ status: 400 });
    }
  });
});

describe('a vote', () => {
  test('approves, is audited before it counts, and tells whoever waits', async () => {
    const { ask, put, store, actions, decided } = await opened();
    const id = await put();
    const { status, body } = await ask(`/api/approvals/${id}/approve`, post({ reason: 'fine' }, [RANKED.approver]));
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id,
      state: 'approved',
      stands: '2026-11-23T13:00:00.000Z',
      votes: [{ by: 'olga', verdict: 'approve', reason: 'fine', at: '2026-11-23T12:00:00.000Z' }],
    });
    expect(actions).toEqual([
      {
        operator: { subject: 'olga', issuer: expect.any(String) },
        action: 'approve',
        target: { tenant: 'default', approval: id },
        reason: 'fine',
      },
    ]);
    expect(decided).toEqual([`default ${id}`]);
    expect(await store.use('default', id, callId())).toMatchObject({ isUsed: true });
  });

  test('denies, and nobody approves after it', async () => {
    const { ask, put, actions } = await opened();
    const id = await put();
    expect(await ask(`/api/approvals/${id}/deny`, post({}, [RANKED.approver]))).toMatchObject({
      body: { state: 'denied' },
    });
    expect(await ask(`/api/approvals/${id}/approve`, post({}, [RANKED.operator], 'otto'))).toMatchObject({
      status: 409,
      body: { title: 'approval.final', detail: expect.stringContaining('is denied already') },
    });
    expect(actions).toHaveLength(1);
  });

  test('of one person counts once where it takes two', async () => {
    const { ask, put } = await opened();
    const id = await put({ terms: terms({ approvers: 2 }) });
    for (const sub of ['olga', 'olga', 'OLGA']) {
      const told = await ask(`/api/approvals/${id}/approve`, post({}, [RANKED.approver], sub));
      expect(told).toMatchObject({ status: 200, body: { state: 'pending', votes: [{ by: 'olga' }] } });
    }
    expect(await ask(`/api/approvals/${id}/approve`, post({}, [RANKED.approver], 'otto'))).toMatchObject({
      body: { state: 'approved', votes: [{ by: 'olga' }, { by: 'otto' }] },
    });
  });

  test('is not the requester’s, nor of whom it acts through', async () => {
    const { ask, put, store, actions } = await opened();
    const id = await put({ summary: summary({ subject: 'ana', actors: ['boss'] }) });
    for (const sub of ['ana', 'Ana', 'boss']) {
      expect(await ask(`/api/approvals/${id}/approve`, post({}, [RANKED.operator], sub))).toMatchObject({
        status: 403,
        body: { title: 'approval.requester', detail: expect.stringContaining('somebody else has to decide') },
      });
    }
    expect(actions).toEqual([]);
    expect(await store.get('default', id)).toMatchObject({ state: 'pending', votes: [] });
  });

  test('takes the rank of an approver, and a role that the policy names', async () => {
    const { ask, put } = await opened();
    const id = await put({ terms: terms({ roles: ['security'] }) });
    const path = `/api/approvals/${id}/approve`;
    expect(await ask(path, post({}, [RANKED.viewer, 'security']))).toMatchObject({
      status: 403,
      body: { title: 'admin.role' },
    });
    expect(await ask(path, post({}, [RANKED.operator]))).toMatchObject({
      status: 403,
      body: { title: 'approval.role', detail: expect.stringContaining('with the role `security`') },
    });
    expect(await ask(path, post({}, [RANKED.approver, 'security']))).toMatchObject({ status: 200 });
  });

  test('does not count where it cannot be audited', async () => {
    const { ask, put, store, loseAudit, decided } = await opened();
    const id = await put();
    loseAudit();
    expect(await ask(`/api/approvals/${id}/approve`, post({}, [RANKED.approver]))).toMatchObject({ status: 503 });
    expect(await store.get('default', id)).toMatchObject({ state: 'pending', votes: [] });
    expect(decided).toEqual([]);
  });

  test('comes too late for what has expired, or was used', async () => {
    const { ask, put, clock, store } = await opened();
    const id = await put();
    const used = await put({ binding: 'b' });
    await store.decide('default', used, approver());
    await store.use('default', used, callId());
    clock.advance(24 * HOUR);
    for (const [which, state] of [
      [id, 'expired'],
      [used, 'used'],
    ] as const) {
      expect(await ask(`/api/approvals/${which}/approve`, post({}, [RANKED.approver]))).toMatchObject({
        status: 409,
        body: { detail: expect.stringContaining(`is ${state} already`) },
      });
    }
  });
});

describe('nobody', () => {
  test('sees or decides what is another tenant’s', async () => {
    const { ask, put, store } = await opened('acme');
    const id = await put();
    const stranger = [[RANKED.operator], 'olga', ['other']] as const;
    expect(await ask(`/api/approvals/${id}`, who(...stranger))).toMatchObject({ status: 404 });
    expect(await ask(`/api/approvals/${id}/approve`, post({}, ...stranger))).toMatchObject({ status: 404 });
    expect(await ask('/api/approvals', who(...stranger))).toMatchObject({ body: { tenant: 'other', approvals: [] } });
    for (const asking of [
      await ask('/api/approvals?tenant=acme', who(...stranger)),
      await ask(`/api/approvals/${id}?tenant=acme`, who(...stranger)),
      await ask(`/api/approvals/${id}/approve`, post({ tenant: 'acme' }, ...stranger)),
    ]) {
      expect(asking).toMatchObject({ status: 403, body: { title: 'admin.tenant' } });
    }
    expect(await store.get('acme', id)).toMatchObject({ state: 'pending' });
  });

  test('decides without a token, or sees anything without a rank', async () => {
    const { ask, put } = await opened();
    const id = await put();
    expect(await ask('/api/approvals', { token: undefined })).toMatchObject({ status: 401 });
    expect(await ask('/api/approvals', who(['security']))).toMatchObject({ status: 403 });
    expect(await ask(`/api/approvals/${id}/approve`, { method: 'POST', body: {}, token: undefined })).toMatchObject({
      status: 401,
    });
  });
});

test('what is not there is said not to be', async () => {
  const { ask, put } = await opened();
  const id = await put();
  for (const path of ['appr_none', '..', 'x'.repeat(300), 'appr_1/approve/now', `${id}/use`]) {
    expect(await ask(`/api/approvals/${path}`)).toMatchObject({ status: 404 });
  }
  expect(await ask('/api/approvals/appr_none/approve', post({}, [RANKED.approver]))).toMatchObject({
    status: 404,
    body: { detail: expect.stringContaining('there is no approval `appr_none` in the tenant `default`') },
  });
  expect(await ask(`/api/approvals/${id}`, { method: 'DELETE' })).toMatchObject({ status: 405 });
  expect(await ask(`/api/approvals/${id}/approve`)).toMatchObject({ status: 405 });
  expect(await ask(`/api/approvals/${id}/approve`, post({ reason: 'two\nlines' }, [RANKED.approver]))).toMatchObject({
    status: 400,
  });
  expect(await ask(`/api/approvals/${id}`)).toMatchObject({ status: 200, body: { id } });
});
