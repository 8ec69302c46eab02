import { describe, expect, test } from 'vitest';
import { approvalsApi } from '../../src/admin/approvals-api.ts';
import { memoryApprovals } from '../../src/runs/approval-memory.ts';
import type { ApprovalRequest } from '../../src/runs/approval-store.ts';
import { listening, operatorToken, RANKED } from '../admin/listening.ts';
import { testClock } from '../limits/ledger.ts';
import { asks, summary, terms } from '../runs/approvals.ts';
import { run } from './run.ts';

async function gateway(rank: keyof typeof RANKED = 'approver') {
  const store = memoryApprovals({ clock: testClock() });
  const source = { store, onAction: async () => {}, onDecided: () => {} };
  const { url } = await listening({ parts: { approvals: approvalsApi(source) } });
  const at = ['--admin-url', url, '--token', operatorToken([RANKED[rank]], { tenants: '*' })];
  const put = async (parts: Partial<ApprovalRequest> = {}): Promise<string> => {
    const request = asks('default', parts);
    await store.request(request);
    return request.id;
  };
  return { store, put, approvals: (...argv: readonly string[]) => run('approvals', ...argv, ...at) };
}

describe('waygate approvals list', () => {
  test('shows what waits, and what else there is when asked', async () => {
    const { put, approvals } = await gateway();
    const first = await put({ binding: 'a' });
    const second = await put({
      binding: 'b',
      terms: terms({ approvers: 2 }),
      summary: summary({ resource: 'tool/pay/\u001b[2Jx' }),
    });
    expect((await approvals('deny', first)).code).toBe(0);
    const { code, out } = await approvals('list');
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      expect.stringMatching(/^ID +STATE +CALL +AGENT +SUBJECT +ASKED +EXPIRES +SAID$/),
      `${second}  pending  tool/pay/�[2Jx  researcher  ana      2026-11-23T12:00:00Z  2026-11-24T12:00:00Z  0 of 2`,
    ]);
    expect((await approvals('list', '--state', 'denied')).out).toContain(first);
    expect((await approvals('list', '--all')).out.split('\n')).toHaveLength(3);
    expect((await approvals('list', '--all', '--limit', '1')).out.split('\n')).toHaveLength(2);
    expect(JSON.parse((await approvals('list', '--json')).out)).toMatchObject({
      tenant: 'default',
      approvals: [{ id: second }],
    });
  });

  test('says where there is nothing', async () => {
    const { approvals } = await gateway();
    expect(await approvals('list', '--tenant', 'acme')).toMatchObject({
      code: 0,
      out: '',
      err: 'there are no pending approvals in the tenant `acme`',
    });
    expect((await approvals('list', '--all')).err).toBe('there are no approvals in the tenant `default`');
  });
});

describe('waygate approvals show', () => {
  test('says everything that an approver needs to know', async () => {
    const { put, approvals } = await gateway();
    const id = await put({
      terms: terms({ approvers: 2, roles: ['approver', 'legal'] }),
      summary: summary({ actors: ['boss'], reason: 'due\nstate     approved', argsCut: true }),
    });
    await approvals('approve', id, '--reason', 'fine');
    const { code, out } = await approvals('show', id);
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      `approval    ${id}`,
      'state       pending',
      'call        tool.call on tool/mail/send',
      'arguments   {"to":"bob"} (not shown whole)',
      `digest      ${'d'.repeat(64)}`,
      'agent       researcher, for ana',
      'through     boss',
      'run         run_1, in the tree of run_0',
      'tenant      default',
      'held        held by rule `research/no-egress`',
      'agent says  due�state     approved',
      'takes       2 of the role approver or legal',
      'asked       2026-11-23T12:00:00.000Z',
      'expires     2026-11-24T12:00:00.000Z',
      'approved    by olga, 2026-11-23T12:00:00.000Z: fine',
    ]);
    expect(JSON.parse((await approvals('show', id, '--json')).out)).toMatchObject({ id, state: 'pending' });
  });

  test('of one that was decided says until when that stands', async () => {
    const { put, approvals } = await gateway();
    const id = await put();
    await approvals('deny', id);
    const { out } = await approvals('show', id);
    expect(out).toContain('\nstands     until 2026-11-23T13:00:00.000Z, used 0 of 1\n');
    expect(out).toMatch(/\ndenied +by olga, 2026-11-23T12:00:00\.000Z$/);
  });

  test('of none says so', async () => {
    const { approvals } = await gateway();
    const { code, err } = await approvals('show', 'appr_none');
    expect({ code, err }).toEqual({
      code: 1,
      err: 'there is no approval `appr_none` in the tenant `default`; `waygate approvals list` shows those that wait',
    });
  });
});

describe('waygate approvals approve', () => {
  test('lets the call be made, and says for how long', async () => {
    const { put, approvals, store } = await gateway();
    const id = await put();
    const { code, out } = await approvals('approve', id, '--reason', 'fine');
    expect({ code, out }).toEqual({
      code: 0,
      out: `${id}: \`tool/mail/send\` is approved for one call until 2026-11-23T13:00:00.000Z`,
    });
    expect(await store.get('default', id)).toMatchObject({
      state: 'approved',
      votes: [{ by: 'olga', reason: 'fine' }],
    });
  });

  test('says how many are missing', async () => {
    const { put, approvals } = await gateway();
    const id = await put({ terms: terms({ approvers: 2, uses: 3 }) });
    expect((await approvals('approve', id)).out).toBe(`${id}: 1 of 2 people have approved \`tool/mail/send\``);
  });

  test('of several calls says so, and as JSON what the gateway said', async () => {
    const { put, approvals } = await gateway();
    const id = await put({ terms: terms({ uses: 3 }) });
    expect((await approvals('approve', id)).out).toContain('is approved for 3 calls until');
    const other = await put({ binding: 'b' });
    expect(JSON.parse((await approvals('approve', other, '--json')).out)).toMatchObject({
      id: other,
      state: 'approved',
    });
  });

  test('fails with the gateway’s sentence where it may not be', async () => {
    const { put, approvals } = await gateway('viewer');
    const id = await put();
    const { code, err } = await approvals('approve', id);
    expect(code).toBe(1);
    expect(err).toContain('takes the role `approver`');
  });
});

test('waygate approvals deny refuses the call', async () => {
  const { put, approvals, store } = await gateway();
  const id = await put();
  expect((await approvals('deny', id, '--reason', 'no')).out).toBe(`${id}: \`tool/mail/send\` is denied`);
  expect(await store.get('default', id)).toMatchObject({ state: 'denied' });
  const { code, err } = await approvals('approve', id);
  expect(code).toBe(1);
  expect(err).toContain('is denied already');
});
