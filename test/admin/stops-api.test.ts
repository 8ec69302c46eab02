import { describe, expect, test } from 'vitest';
import { record, stop } from '../runs/records.ts';
import { type Answered, listening } from './listening.ts';

async function withTenants(...tenants: readonly string[]) {
  const opened = await listening();
  for (const tenant of tenants) opened.store.put(tenant, record(`run_${tenant}`));
  const send = (method: string, order: object): Promise<Answered> =>
    opened.ask('/api/stops', { method, body: { scope: '*', reason: 'so', ...order } });
  return {
    ...opened,
    set: (order: object) => send('POST', { state: 'killed', ...order }),
    lift: (order: object) => send('DELETE', order),
  };
}

describe('a stop of a tenant or an agent', () => {
  test('holds its runs, is listed, and is lifted again', async () => {
    const { set, lift, ask, actions } = await withTenants('acme');
    const order = { tenant: 'acme', scope: 'agent:worker', state: 'paused' };
    expect(await set(order)).toMatchObject({
      status: 200,
      body: { tenant: 'acme', scope: 'agent:worker', tenants: 1, tookMs: expect.any(Number) },
    });
    expect((await ask('/api/runs/run_acme?tenant=acme')).body).toMatchObject({
      state: 'paused',
      stops: [{ scope: 'agent:worker', by: 'olga', because: 'so', cause: 'person' }],
    });
    expect((await ask('/api/stops?tenant=acme')).body).toMatchObject({
      stops: [{ scope: 'agent:worker', state: 'paused' }],
    });
    expect(await lift({ tenant: 'acme', scope: 'agent:worker' })).toMatchObject({ status: 200 });
    expect((await ask('/api/stops?tenant=acme')).body).toMatchObject({ stops: [] });
    expect(actions.map(({ action, target }) => [action, target])).toEqual([
      ['pause', { tenant: 'acme', scope: 'agent:worker' }],
      ['resume', { tenant: 'acme', scope: 'agent:worker' }],
    ]);
  });

  test('is never weakened by a later one', async () => {
    const { set, store } = await withTenants('acme');
    await set({ tenant: 'acme', state: 'killed' });
    expect(await set({ tenant: 'acme', state: 'paused' })).toMatchObject({
      status: 409,
      body: { title: 'stop.stronger', detail: expect.stringContaining('lift that first') },
    });
    expect((await store.scopes('acme')).get('*')).toMatchObject({ state: 'killed' });
  });

  test('that is not there cannot be lifted', async () => {
    const { lift } = await withTenants('acme');
    expect(await lift({ tenant: 'acme' })).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('`GET /api/stops` shows those there are') },
    });
  });

  test.each([
    [{ tenant: 'acme', scope: 'run:x' }],
    [{ tenant: 'acme', scope: 'agent:' }],
    [{ tenant: 'acme', state: 'done' }],
    [{ tenant: 'acme', state: 'live' }],
    [{ scope: '*' }],
    [{ tenant: '%all' }],
  ])('of %j is none', async (order) => {
    const { set, store } = await withTenants('acme');
    expect((await set(order)).status).toBe(400);
    expect(store.written).toEqual([]);
  });
});

describe('a stop of everything', () => {
  test('is written for all that may come first, then for every tenant, and only then acknowledged', async () => {
    const { set, store } = await withTenants('acme', 'beta', 'default');
    const answer = await set({ tenant: '*' });
    expect(store.written).toEqual(['%all * killed', 'acme * killed', 'beta * killed', 'default * killed']);
    expect(answer).toMatchObject({ status: 200, body: { tenant: '*', scope: '*', tenants: 3 } });
  });

  test('that one tenant did not take is not acknowledged, names it, and can be sent again', async () => {
    const { set, store, actions } = await withTenants('acme', 'beta', 'default');
    store.down.add('beta');
    expect(await set({ tenant: '*' })).toMatchObject({
      status: 503,
      body: {
        detail: 'the store took it for 2 of 3 tenants, not for `beta`; send it again until it is taken for all',
      },
    });
    expect((await store.scopes('default')).get('*')).toMatchObject({ state: 'killed' });
    store.down.clear();
    expect((await set({ tenant: '*' })).status).toBe(200);
    expect((await store.scopes('beta')).get('*')).toMatchObject({ state: 'killed' });
    expect(actions).toHaveLength(2);
  });

  test('leaves a stronger one of a tenant as it is', async () => {
    const { set, store } = await withTenants('acme', 'beta');
    await store.stop({ tenant: 'acme', scope: '*' }, stop('killed', { by: 'ana' }));
    expect((await set({ tenant: '*', state: 'paused' })).status).toBe(200);
    expect((await store.scopes('acme')).get('*')).toMatchObject({ state: 'killed', by: 'ana' });
    expect((await store.scopes('beta')).get('*')).toMatchObject({ state: 'paused' });
  });

  test('is told of each run and tenant, those to come too, and lifted for all alone', async () => {
    const { set, lift, ask, store } = await withTenants('acme');
    await set({ tenant: '*', state: 'paused' });
    store.put('late', record('run_late'));
    expect((await ask('/api/runs/run_late?tenant=late')).body).toMatchObject({
      state: 'paused',
      stops: [{ scope: 'everything', by: 'olga' }],
    });
    expect((await ask('/api/stops?tenant=late')).body).toMatchObject({ stops: [{ scope: 'everything' }] });
    expect((await ask('/api/runs?tenant=late&state=paused')).body).toMatchObject({ runs: [{ id: 'run_late' }] });
    expect(await lift({ tenant: 'acme' })).toMatchObject({
      status: 409,
      body: { detail: 'everything is paused, by `olga`; lift that, with the tenant `*`' },
    });
    const resume = { method: 'POST', body: { tenant: 'late', reason: 'so' } };
    expect(await ask('/api/runs/run_late/resume', resume)).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('everything is paused') },
    });
  });

  test('of an agent is written for every tenant there is', async () => {
    const { set, store } = await withTenants('acme', 'beta');
    expect(await set({ tenant: '*', scope: 'agent:worker' })).toMatchObject({ status: 200, body: { tenants: 2 } });
    expect(store.written).toEqual(['acme agent:worker killed', 'beta agent:worker killed']);
  });

  test('is lifted for all of them', async () => {
    const { set, lift, store } = await withTenants('acme', 'beta');
    await set({ tenant: '*' });
    expect(await lift({ tenant: '*' })).toMatchObject({ status: 200, body: { tenants: 2 } });
    for (const tenant of ['acme', 'beta']) expect((await store.scopes(tenant)).size).toBe(0);
    expect(await store.everything()).toBeUndefined();
  });
});
