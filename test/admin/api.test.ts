import { describe, expect, test } from 'vitest';
import { GatewayError } from '../../src/core/errors.ts';
import { record, stop as stopped } from '../runs/records.ts';
import { ISSUER } from '../identity/issuer.ts';
import { type Asking, listening, operatorToken, RANKED } from './listening.ts';

const change = { tenant: 'default', reason: 'it went wrong' };
const stop = { ...change, scope: 'agent:worker', state: 'paused' };

/** Each endpoint, and the status that nobody, a viewer, an approver and an operator get. */
const ENDPOINTS: readonly (readonly [string, string, unknown, readonly [number, number, number, number]])[] = [
  ['GET', '/api/runs', undefined, [403, 200, 200, 200]],
  ['GET', '/api/runs/run_root', undefined, [403, 200, 200, 200]],
  ['GET', '/api/runs/run_root/tree', undefined, [403, 200, 200, 200]],
  ['GET', '/api/tenants', undefined, [403, 200, 200, 200]],
  ['GET', '/api/stops', undefined, [403, 200, 200, 200]],
  ['GET', '/api/approvals/a1', undefined, [403, 200, 200, 200]],
  ['POST', '/api/approvals/a1/approve', change, [403, 403, 200, 200]],
  ['POST', '/api/runs/run_root/pause', change, [403, 403, 403, 200]],
  ['POST', '/api/runs/run_root/resume', change, [403, 403, 403, 200]],
  ['POST', '/api/runs/run_root/drain', change, [403, 403, 403, 200]],
  ['POST', '/api/runs/run_root/kill', change, [403, 403, 403, 200]],
  ['POST', '/api/stops', stop, [403, 403, 403, 200]],
  ['DELETE', '/api/stops', { ...change, scope: 'agent:worker' }, [403, 403, 403, 200]],
  ['POST', '/api/runs', change, [403, 403, 405, 405]],
  ['DELETE', '/api/runs/run_root', change, [403, 403, 405, 405]],
  ['GET', '/api/runs/run_root/kill', undefined, [403, 405, 405, 405]],
  ['GET', '/api/nothing', undefined, [403, 404, 404, 404]],
  ['GET', '/api', undefined, [403, 404, 404, 404]],
  ['GET', '/api/runs/run_root/tree/more', undefined, [403, 404, 404, 404]],
];

describe('who may what', () => {
  test.each(ENDPOINTS)('%s %s', async (method, path, body, expected) => {
    const { ask, store } = await listening({ parts: { approvals: async () => ({ status: 200, body: {} }) } });
    const roles = [[], [RANKED.viewer], [RANKED.approver], [RANKED.operator]];
    const statuses: number[] = [];
    for (const own of roles) {
      store.put('default', record('run_root'));
      if (method === 'DELETE') await store.stop({ tenant: 'default', scope: 'agent:worker' }, stopped('paused'));
      const asking: Asking = { method, body, token: operatorToken(own, { tenants: '*' }) };
      statuses.push((await ask(path, asking)).status);
    }
    expect(statuses).toEqual(expected);
    expect((await ask(path, { method, body, token: undefined })).status).toBe(401);
  });

  test('somebody without any rank is told how ranks are given', async () => {
    const { ask } = await listening();
    const answer = await ask('/api/runs', { token: operatorToken(['staff']) });
    expect(answer).toMatchObject({
      status: 403,
      headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store' },
      body: {
        type: 'about:blank',
        title: 'admin.role',
        status: 403,
        detail: 'this takes the role `viewer`; have one of your token’s roles mapped to it in `admin.operators`',
      },
    });
  });

  test('a role of the token that is only called like a rank gives none', async () => {
    const { ask } = await listening();
    expect((await ask('/api/runs', { token: operatorToken(['operator', 'viewer'], { tenants: '*' }) })).status).toBe(
      403,
    );
  });

  test('a token of the data plane is refused, also where it names both audiences', async () => {
    const { ask } = await listening();
    for (const aud of ['gw', ['gw', 'waygate-admin'], ['waygate-admin', 'gw']]) {
      const answer = await ask('/api/runs', { token: operatorToken([RANKED.operator], { tenants: '*', aud }) });
      expect(answer).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer realm="waygate-admin"' } });
    }
  });

  test.each([
    ['of another issuer', { iss: `${ISSUER}/other` }],
    ['that has expired', { exp: 1 }],
    ['for nobody', { sub: undefined }],
  ])('a token %s is refused', async (_, claims) => {
    const { ask } = await listening();
    const answer = await ask('/api/runs', { token: operatorToken([RANKED.operator], { tenants: '*', ...claims }) });
    expect(answer.status).toBe(401);
  });

  test('only `Authorization: Bearer` counts', async () => {
    const { ask } = await listening();
    const good = operatorToken([RANKED.operator], { tenants: '*' });
    for (const headers of [{ 'x-api-key': good }, { cookie: `token=${good}` }, { authorization: `Basic ${good}` }]) {
      expect((await ask('/api/runs', { token: undefined, headers })).status).toBe(401);
    }
    expect((await ask(`/api/runs?access_token=${good}`, { token: undefined })).status).toBe(401);
  });

  test('a web page that had its name resolve to loopback is refused', async () => {
    const { ask } = await listening();
    expect((await ask('/api/runs', { headers: { host: 'evil.test' } })).status).toBe(403);
  });

  test('without operators in the configuration everything is closed, with the sentence that opens it', async () => {
    const { ask } = await listening({ operators: () => undefined });
    for (const token of [undefined, operatorToken([RANKED.operator])]) {
      const answer = await ask('/api/runs/run_root/kill', { method: 'POST', body: change, token });
      expect(answer.status).toBe(403);
      expect(answer.body).toMatchObject({
        title: 'admin.closed',
        detail: expect.stringContaining('`admin.operators`'),
      });
    }
  });
});

describe('operators of some tenants', () => {
  const ana = { token: operatorToken([RANKED.operator], { tenants: ['acme', 'beta'] }) };

  test('see and change those alone', async () => {
    const { ask, store, actions } = await listening();
    for (const tenant of ['acme', 'beta', 'other', 'default']) store.put(tenant, record(`run_${tenant}`));
    expect((await ask('/api/tenants', ana)).body).toEqual({ tenants: ['acme', 'beta'] });
    const statuses = async (tenant: string): Promise<number[]> => {
      const body = { tenant, reason: 'so' };
      const asked = [
        ask(`/api/runs?tenant=${tenant}`, ana),
        ask(`/api/runs/run_${tenant}?tenant=${tenant}`, ana),
        ask(`/api/runs/run_${tenant}/tree?tenant=${tenant}`, ana),
        ask(`/api/stops?tenant=${tenant}`, ana),
        ask(`/api/runs/run_${tenant}/pause`, { ...ana, method: 'POST', body }),
        ask('/api/stops', { ...ana, method: 'POST', body: { ...body, scope: '*', state: 'paused' } }),
        ask(`/api/runs/feed?tenant=${tenant}`, { ...ana, method: 'POST' }),
      ];
      return (await Promise.all(asked)).map(({ status }) => status);
    };
    expect(await statuses('acme')).toEqual([200, 200, 200, 200, 200, 200, 405]);
    expect(await statuses('other')).toEqual([403, 403, 403, 403, 403, 403, 405]);
    expect(actions.map(({ target: { tenant } }) => tenant)).toEqual(['acme', 'acme']);
    expect((await ask('/api/runs/feed?tenant=other', ana)).status).toBe(403);
  });

  test('do not stop everything', async () => {
    const { ask, store } = await listening();
    const body = { tenant: '*', scope: '*', state: 'killed', reason: 'all' };
    expect(await ask('/api/stops', { ...ana, method: 'POST', body })).toMatchObject({
      status: 403,
      body: { title: 'admin.tenant' },
    });
    expect(store.written).toEqual([]);
  });

  test('who have one need not name it; others mean `default`', async () => {
    const { ask } = await listening();
    const one = operatorToken([RANKED.viewer], { tenants: 'acme' });
    expect((await ask('/api/runs', { token: one })).body).toMatchObject({ tenant: 'acme' });
    expect((await ask('/api/runs')).body).toMatchObject({ tenant: 'default' });
    expect((await ask('/api/runs', ana)).status).toBe(403);
  });

  test('a token that lacks the claim that names tenants has none', async () => {
    const { ask } = await listening();
    const none = { token: operatorToken([RANKED.operator]) };
    expect((await ask('/api/tenants', none)).body).toEqual({ tenants: [] });
    expect((await ask('/api/runs?tenant=acme', none)).status).toBe(403);
  });
});

describe('what is asked wrongly', () => {
  test.each([
    ['a body that is no JSON', '{', 400, 'expected a body of JSON'],
    ['no body', undefined, 400, 'expected a body'],
    ['a body without reason', { tenant: 'default' }, 400, '`reason`'],
    ['an empty reason', { tenant: 'default', reason: ' ' }, 400, '`reason`'],
    ['an unknown field', { ...change, force: true }, 400, '"force"'],
    ['every tenant for one run', { ...change, tenant: '*' }, 400, '`tenant`'],
    ['a body past all measure', { ...change, reason: 'x'.repeat(20_000) }, 413, '16384 bytes'],
  ])('%s is told so', async (_, body, status, words) => {
    const { ask, store } = await listening();
    store.put('default', record('run_root'));
    const answer = await ask('/api/runs/run_root/kill', { method: 'POST', body });
    expect(answer).toMatchObject({ status, body: { detail: expect.stringContaining(words) } });
    expect(store.written).toEqual([]);
  });

  test('a body in chunks is read as any other, and measured', async () => {
    const { ask, store } = await listening();
    store.put('default', record('run_root'));
    const headers = { 'transfer-encoding': 'chunked' };
    const path = '/api/runs/run_root/pause';
    expect((await ask(path, { method: 'POST', body: change, headers })).status).toBe(200);
    const long = { ...change, reason: 'x'.repeat(20_000) };
    expect((await ask(path, { method: 'POST', body: long, headers })).status).toBe(413);
  });

  test.each(['?limit=0', '?limit=101', '?limit=x', '?from=-1', '?state=dead', '?tenant=*', '?sort=up'])(
    'the query %s is refused',
    async (query) => {
      const { ask } = await listening();
      expect((await ask(`/api/runs${query}`)).status).toBe(400);
    },
  );
});

describe('what fails', () => {
  test('a store that does not answer is 503, and not a fault of ours', async () => {
    const faults: unknown[] = [];
    const { ask, store } = await listening({ onFault: (cause) => faults.push(cause) });
    store.down.add('default');
    expect(await ask('/api/runs')).toMatchObject({ status: 503, body: { title: 'limit.unavailable' } });
    expect(faults).toEqual([]);
  });

  test('a fault of ours says nothing of itself, and is told', async () => {
    const faults: unknown[] = [];
    const cause = new Error('secret');
    const { ask } = await listening({
      onFault: (thrown) => faults.push(thrown),
      parts: { approvals: () => Promise.reject(cause) },
    });
    const answer = await ask('/api/approvals');
    expect(answer).toMatchObject({ status: 500, body: { title: 'gateway.internal' } });
    expect(JSON.stringify(answer.body)).not.toContain('secret');
    expect(faults).toEqual([cause]);
  });

  test('a change that cannot be recorded is not made', async () => {
    const onAction = () => Promise.reject(new GatewayError('audit.unavailable', 'the audit cannot be written'));
    const { ask, store } = await listening({ onAction });
    store.put('default', record('run_root'));
    expect((await ask('/api/runs/run_root/kill', { method: 'POST', body: change })).status).toBe(503);
    expect((await ask('/api/stops', { method: 'POST', body: stop })).status).toBe(503);
    expect(store.written).toEqual([]);
  });
});

test('a part gets its path, query and body as values', async () => {
  const seen: unknown[] = [];
  const { ask } = await listening({
    parts: {
      approvals: async (request) => {
        seen.push(request);
        return { status: 202, body: { ok: true } };
      },
    },
  });
  const answer = await ask('/api/approvals/a%2Fb/approve?tenant=acme', { method: 'POST', body: { note: 'fine' } });
  expect(answer).toMatchObject({ status: 202, body: { ok: true }, headers: { 'content-type': 'application/json' } });
  expect(seen).toMatchObject([
    {
      viewer: { subject: 'olga', roles: ['viewer', 'approver', 'operator', 'root'], tenants: '*' },
      method: 'POST',
      path: ['a/b', 'approve'],
      query: { tenant: 'acme' },
      body: { note: 'fine' },
    },
  ]);
});
