import { beforeEach, describe, expect, test } from 'vitest';
import { type RollbackApiSource, rollbackApi, type RollbackReply, type Viewer } from '../../src/admin/rollback-api.ts';
import type { PlanView, ReportView } from '../../src/admin/rollback-view.ts';
import { GatewayError } from '../../src/core/errors.ts';
import { journalLeases } from '../../src/runs/journal-leases.ts';
import { memoryJournal } from '../../src/runs/journal-memory.ts';
import { handSchedule } from '../limits/timers.ts';
import { testClock } from '../limits/ledger.ts';
import { LEASE, ROOT } from '../runs/journal-calls.ts';
import { OBLIGATION, Rig, toolCall } from '../runs/journal-rig.ts';

const ann: Viewer = { subject: 'ann', issuer: 'https://ops', roles: ['operator'], tenants: ['acme'] };
let source: RollbackApiSource;
let rig: Rig;
let actions: unknown[];
let called: unknown[];

beforeEach(() => {
  const clock = testClock();
  const schedule = handSchedule();
  const store = memoryJournal({ clock });
  let attempts = 0;
  actions = [];
  called = [];
  rig = new Rig(store, { clock, schedule });
  source = {
    store,
    leases: journalLeases({ store, leaseMs: LEASE, schedule }),
    rootOf: async (tenant, run) => (tenant === 'acme' && run === ROOT ? ROOT : undefined),
    async callTool({ tool, args }, { viewer, tenant, run, attempt }) {
      called.push([viewer.subject, tenant, run, attempt, tool, args]);
      return { kind: 'done' };
    },
    onAction: async (action) => void actions.push(action),
    newAttempt: () => `attempt-${(attempts += 1)}`,
  };
});

const post = (body: unknown, parts: { viewer?: Viewer; run?: string; method?: string } = {}): Promise<RollbackReply> =>
  rollbackApi(source)({ viewer: ann, run: ROOT, method: 'POST', body, ...parts });
const plan = async (to?: number | string): Promise<PlanView> =>
  (await post({ tenant: 'acme', dryRun: true, ...(to !== undefined && { to }) })).body as PlanView;

describe('a dry run', () => {
  test('shows the plan, newest first, and does and records nothing', async () => {
    await rig.send(toolCall({ tenant: 'acme' }));
    await rig.send(toolCall({ tenant: 'acme' }), { ...OBLIGATION, undo: undefined });
    expect((await plan()).steps).toEqual([
      expect.objectContaining({ step: 2, kind: 'cannot', because: 'the rule `tickets/create` says no `undo`' }),
      {
        step: 1,
        call: expect.any(String),
        resource: 'tool/tickets/create_ticket',
        kind: 'undo',
        undo: { tool: 'tickets/close_ticket', args: { id: 1, owner: 'ann', why: 'undone' } },
      },
    ]);
    expect([called, actions]).toEqual([[], []]);
  });

  test('goes back to a step, named by number or by call', async () => {
    for (let i = 0; i < 3; i += 1) await rig.send(toolCall({ tenant: 'acme' }));
    const { steps } = await plan();
    expect((await plan(2)).steps.map(({ step }) => step)).toEqual([3]);
    expect((await plan(steps[1]?.call)).steps.map(({ step }) => step)).toEqual([3]);
    expect(await post({ tenant: 'acme', dryRun: true, to: 'call_none' })).toMatchObject({ status: 404 });
    expect(await post({ tenant: 'acme', dryRun: true, to: 1.5 })).toMatchObject({ status: 404 });
  });
});

describe('a rollback', () => {
  test('is recorded, made as its operator, and reported', async () => {
    await rig.send(toolCall({ tenant: 'acme' }));
    const { status, body } = await post({ tenant: 'acme', reason: 'wrong project' });
    expect(status).toBe(200);
    expect(body).toMatchObject({ complete: true, steps: [{ step: 1, outcome: 'undone' }] });
    expect(called).toEqual([
      ['ann', 'acme', ROOT, 'attempt-1', 'tickets/close_ticket', { id: 1, owner: 'ann', why: 'undone' }],
    ]);
    expect(actions).toEqual([
      {
        operator: { subject: 'ann', issuer: 'https://ops' },
        action: 'rollback',
        target: { run: ROOT, tenant: 'acme' },
        reason: 'wrong project',
      },
    ]);
    expect((await plan()).steps).toMatchObject([{ kind: 'undone' }]);
  });

  test('is complete where all is taken back that the plan would, and not where one is not', async () => {
    await rig.send(toolCall({ tenant: 'acme' }), { ...OBLIGATION, undo: undefined });
    await rig.send(toolCall({ tenant: 'acme' }));
    source = { ...source, callTool: async () => ({ kind: 'failed', because: 'no' }) };
    expect((await post({ tenant: 'acme' })).body as ReportView).toMatchObject({ complete: false });
    source = { ...source, callTool: async () => ({ kind: 'done' }) };
    expect((await post({ tenant: 'acme' })).body as ReportView).toMatchObject({ complete: true });
  });

  test('of a plan that is no longer the same is refused', async () => {
    await rig.send(toolCall({ tenant: 'acme' }));
    const { plan: shown } = await plan();
    await rig.send(toolCall({ tenant: 'acme' }));
    expect(await post({ tenant: 'acme', plan: shown })).toMatchObject({
      status: 409,
      body: { title: 'journal.moved' },
    });
    expect([called, actions]).toEqual([[], []]);
  });

  test('is not made where it cannot be recorded', async () => {
    await rig.send(toolCall({ tenant: 'acme' }));
    const gone = new GatewayError('audit.unavailable', 'gone');
    source = { ...source, onAction: () => Promise.reject(gone) };
    await expect(post({ tenant: 'acme' })).rejects.toBe(gone);
    expect(called).toEqual([]);
  });

  test.each([
    ['a viewer', { viewer: { ...ann, roles: ['viewer', 'approver'] } }, 403, 'admin.role'],
    ['another tenant’s operator', { viewer: { ...ann, tenants: ['other'] } }, 403, 'admin.tenant'],
    ['a run that nobody knows', { run: 'run_none' }, 404, 'run.unknown'],
    ['a GET', { method: 'GET' }, 405, 'route.method'],
  ] as const)('is refused to %s', async (_, parts, status, title) => {
    await rig.send(toolCall({ tenant: 'acme' }));
    expect(await post({ tenant: 'acme' }, parts)).toMatchObject({ status, body: { title } });
    expect(called).toEqual([]);
  });

  test('is open to who operates every tenant', async () => {
    expect(await post({ tenant: 'acme' }, { viewer: { ...ann, tenants: '*' } })).toMatchObject({ status: 200 });
  });

  test.each([
    [undefined],
    [null],
    [[]],
    [{}],
    [{ tenant: 1 }],
    [{ tenant: 'acme', dryRun: 'yes' }],
    [{ tenant: 'acme', to: null }],
    [{ tenant: 'acme', dry_run: true }],
  ])('is refused with what is wrong with %j', async (body) => {
    expect(await post(body)).toMatchObject({ status: 400, body: { detail: expect.stringContaining('expected') } });
  });
});
