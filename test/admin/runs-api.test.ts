import { describe, expect, test } from 'vitest';
import type { RunView } from '../../src/admin/run-view.ts';
import type { ShownRun } from '../../src/admin/runs-api.ts';
import type { ReportView } from '../../src/admin/rollback-view.ts';
import { journalLeases } from '../../src/runs/journal-leases.ts';
import { memoryJournal } from '../../src/runs/journal-memory.ts';
import { memoryTimelines } from '../../src/runs/timeline-memory.ts';
import { HandClock } from '../identity/issuer.ts';
import { NOW_MS, record, stop } from '../runs/records.ts';
import { testClock } from '../limits/ledger.ts';
import { handSchedule } from '../limits/timers.ts';
import { LEASE, ROOT } from '../runs/journal-calls.ts';
import { Rig, toolCall } from '../runs/journal-rig.ts';
import { listening, operatorToken, RANKED } from './listening.ts';

const root = record('run_root', undefined, {
  agent: 'orchestrator',
  steps: 2,
  tokens: 10,
  money: 5,
  lastMs: NOW_MS + 5,
});
const child = record('run_child', root, { steps: 3, money: 7, errors: 1, calls: { 'tool.call': 3 } });
const leaf = record('run_leaf', child, { steps: 4, calls: { 'tool.call': 1 } });

async function withTree() {
  const opened = await listening();
  for (const run of [root, child, leaf]) opened.store.put('default', run, ['web', 'mail@run_child']);
  return opened;
}

const STEP = { kind: 'tool', resource: 'tool/notes/read_note', ok: true, callId: 'call_1' } as const;

interface Listed {
  readonly runs: readonly RunView[];
  readonly next: number | null;
}

describe('a list', () => {
  test('has the roots, those active last first, with what they and their trees used', async () => {
    const { ask, store } = await withTree();
    store.put('default', record('run_older', undefined, { lastMs: NOW_MS }));
    const { body } = await ask('/api/runs');
    expect(body).toMatchObject({
      tenant: 'default',
      next: null,
      runs: [
        {
          id: 'run_root',
          state: 'live',
          agent: 'orchestrator',
          labels: ['web'],
          born: '2026-01-31T12:00:00.000Z',
          own: { runs: 1, steps: 2, tokens: 10, money: 5, errors: 0, calls: {} },
          all: { runs: 3, steps: 9, tokens: 10, money: 12, errors: 1, calls: { 'tool.call': 4 } },
        },
        { id: 'run_older', all: { runs: 1 } },
      ],
    });
  });

  test('goes on where it ended, until it says that there are no more', async () => {
    const { ask, store } = await listening();
    for (let index = 0; index < 5; index++) {
      store.put('default', record(`run_${index}`, undefined, { lastMs: NOW_MS - index }));
    }
    const seen: string[] = [];
    const pages: number[] = [];
    for (let from: number | null = 0; from !== null;) {
      const { runs, next } = (await ask(`/api/runs?limit=2&from=${from}`)).body as Listed;
      seen.push(...runs.map(({ id }) => id));
      pages.push(runs.length);
      from = next;
    }
    expect(seen).toEqual(['run_0', 'run_1', 'run_2', 'run_3', 'run_4']);
    expect(pages).toEqual([2, 2, 1]);
  });

  test('of one state looks on until it is full', async () => {
    const { ask, store } = await listening();
    for (let index = 0; index < 7; index++) {
      const run = record(`run_${index}`, undefined, { lastMs: NOW_MS - index });
      store.put('default', run);
      if (index % 3 === 0) await store.stop({ tenant: 'default', root: run.id, run: run.id }, stop('killed'));
    }
    const listed = (await ask('/api/runs?state=killed&limit=2')).body as Listed;
    expect(listed.runs.map(({ id }) => id)).toEqual(['run_0', 'run_3']);
    const rest = (await ask(`/api/runs?state=killed&limit=2&from=${listed.next}`)).body as Listed;
    expect(rest).toMatchObject({ runs: [{ id: 'run_6' }], next: null });
  });
});

describe('a run', () => {
  test('is told with its stops, its labels and its children', async () => {
    const { ask, store } = await withTree();
    await store.stop({ tenant: 'default', root: root.id, run: root.id }, stop('paused', { because: 'lunch' }));
    expect((await ask('/api/runs/run_child')).body).toMatchObject({
      id: 'run_child',
      parent: 'run_root',
      depth: 1,
      state: 'paused',
      stops: [{ run: 'run_root', state: 'paused', cause: 'parent', by: 'olga', because: 'lunch' }],
      labels: ['web', 'mail'],
      own: { steps: 3 },
      all: { steps: 7, runs: 2 },
      children: [{ id: 'run_leaf', parent: 'run_child', all: { steps: 4 } }],
    });
  });

  test.each(['/api/runs/run_nobody', '/api/runs/run_nobody/tree', '/api/runs/a%20b', '/api/runs/%2e%2e'])(
    'that nobody knows is 404 (%s)',
    async (path) => {
      const { ask } = await withTree();
      expect(await ask(path)).toMatchObject({ status: 404 });
    },
  );

  test('is told with the newest of its steps, by time: 50 unless the query says how many', async () => {
    const timeline = memoryTimelines({ clock: new HandClock() });
    const { ask, store } = await listening({ timeline });
    store.put('default', root);
    const steps = Array.from({ length: 60 }, (_, index) => ({
      run: root.id,
      // Calls are written as they end, not as they begin.
      step: { ...STEP, at: NOW_MS + (index === 59 ? 1 : index * 10), ms: index },
    }));
    await timeline.append('default', steps);
    const told = async (query = ''): Promise<ShownRun> => (await ask(`/api/runs/run_root${query}`)).body as ShownRun;
    const usual = (await told()).steps;
    expect(usual).toHaveLength(50);
    expect(usual[0]).toEqual({ ...STEP, at: '2026-01-31T12:00:00.001Z', ms: 59 });
    expect(usual.slice(1).map(({ ms }) => ms)).toEqual(Array.from({ length: 49 }, (_, index) => index + 10));
    expect((await told('?steps=2')).steps.map(({ ms }) => ms)).toEqual([59, 58]);
    expect((await told('?steps=0')).steps).toEqual([]);
    expect((await ask('/api/runs/run_root?steps=501')).status).toBe(400);
    expect((await ask('/api/runs/run_root/tree?steps=5')).status).toBe(400);
  });

  test('of another tenant is not there', async () => {
    const { ask } = await withTree();
    expect(await ask('/api/runs/run_root?tenant=acme')).toMatchObject({
      status: 404,
      body: { title: 'run.unknown', detail: expect.stringContaining('in the tenant `acme`') },
    });
  });
});

describe('a tree', () => {
  test('has every run, parents first, and begins where it is asked to', async () => {
    const { ask } = await withTree();
    const ids = async (path: string): Promise<string[]> => ((await ask(path)).body as Listed).runs.map(({ id }) => id);
    expect(await ids('/api/runs/run_root/tree')).toEqual(['run_root', 'run_child', 'run_leaf']);
    expect(await ids('/api/runs/run_child/tree')).toEqual(['run_child', 'run_leaf']);
  });
});

describe('a rollback', () => {
  async function withJournal() {
    const clock = testClock();
    const schedule = handSchedule();
    const store = memoryJournal({ clock });
    const attempts: string[] = [];
    const leases = journalLeases({ store, leaseMs: LEASE, schedule });
    const opened = await listening({
      rollback: {
        store,
        leases,
        async callTool(_, { run, attempt }) {
          attempts.push(`${run} ${attempt}`);
          return { kind: 'done' };
        },
      },
    });
    opened.store.put('acme', record(ROOT, undefined));
    await new Rig(store, { clock, schedule }).send(toolCall({ tenant: 'acme' }));
    const post = (path: string, body: object, token?: string) =>
      opened.ask(path, { method: 'POST', body, ...(token !== undefined && { token }) });
    return { ...opened, attempts, post };
  }

  test('is for operators of the run’s tenant, which is theirs where they have one', async () => {
    const { post, attempts, actions } = await withJournal();
    const path = `/api/runs/${ROOT}/rollback`;
    expect(await post(path, {}, operatorToken([RANKED.approver], { tenants: ['acme'] }))).toMatchObject({
      status: 403,
    });
    expect(
      await post(path, { tenant: 'acme' }, operatorToken([RANKED.operator], { tenants: ['other'] })),
    ).toMatchObject({
      status: 403,
    });
    expect(await post(path, {})).toMatchObject({ status: 404 });
    expect(await post('/api/runs/a%20b/rollback', { tenant: 'acme' })).toMatchObject({ status: 404 });
    expect([attempts, actions]).toEqual([[], []]);
    const done = await post(path, {}, operatorToken([RANKED.operator], { tenants: ['acme'] }));
    expect(done.body as ReportView).toMatchObject({ complete: true, steps: [{ outcome: 'undone' }] });
    expect(actions).toMatchObject([{ action: 'rollback', operator: { subject: 'olga' }, target: { run: ROOT } }]);
    expect(attempts).toEqual([expect.stringMatching(new RegExp(`^${ROOT} [0-9a-f-]{36}$`))]);
  });

  test('is no path where nothing can be taken back, and is asked for by POST', async () => {
    expect(await (await withTree()).ask('/api/runs/run_root/rollback', { method: 'POST', body: {} })).toMatchObject({
      status: 404,
    });
    expect((await (await withJournal()).ask(`/api/runs/${ROOT}/rollback`)).status).toBe(405);
  });
});
