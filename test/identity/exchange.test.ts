import * as fc from 'fast-check';
import { calculateJwkThumbprint } from 'jose';
import { describe, expect, test } from 'vitest';
import { GatewayError } from '../../src/core/errors.ts';
import { microUsd } from '../../src/core/money.ts';
import type { Principal } from '../../src/core/principal.ts';
import type { Right } from '../../src/core/rights.ts';
import { covers, outsideRights } from '../../src/core/rights-cover.ts';
import { RUN_CLAIM } from '../../src/identity/delegated.ts';
import { ACCESS_TOKEN, RUN_KEY } from '../../src/identity/exchange-request.ts';
import { detailsOf } from '../../src/identity/rights-details.ts';
import { callsNear, narrowed, someRights } from '../core/rights.ts';
import { type Authority, authority, claimsIn, GATEWAY, login, made, proof, runAt, TERMS } from './authority.ts';
import { ecPair, NOW, NOW_MS } from './issuer.ts';

const READ: Right = {
  actions: ['tool.call', 'run.spawn'],
  resources: ['tool/github/get_*', 'agent/waygate/*'],
  args: {},
};
const asked = (...rights: readonly Right[]): { authorization_details: string } => ({
  authorization_details: JSON.stringify(detailsOf(rights)),
});
const delegationOf = async (gw: Authority, token: string) => {
  const { delegation } = await gw.who(token);
  if (!delegation) throw new Error('no delegation');
  return delegation;
};

describe('a root', () => {
  test('begins a tree of its own for whom an issuer vouches for', async () => {
    const gw = await authority();
    const { status, headers, body } = await gw.exchange(login({ agent: 'planner' }), { agent_name: 'orchestrator' });
    expect(status).toBe(200);
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'content-type': 'application/json' });
    expect(body).toEqual({
      access_token: expect.any(String),
      issued_token_type: ACCESS_TOKEN,
      token_type: 'Bearer',
      expires_in: 600,
      scope: 'read write',
      run_id: expect.stringMatching(/^run_[0-9a-f]{24}$/),
      root_run_id: body['run_id'],
      depth: 0,
      max_depth: 8,
    });
    expect(await gw.who(body['access_token'] as string)).toMatchObject({
      id: 'acme/alice/orchestrator',
      subject: 'alice',
      tenant: 'acme',
      agent: 'orchestrator',
      issuer: GATEWAY,
      credential: 'jwt',
      scopes: ['read', 'write'],
      actors: [{ subject: 'orchestrator', issuer: GATEWAY }, { subject: 'planner' }],
      delegation: { path: [body['run_id']], name: 'orchestrator', rights: undefined, maxDepth: 8, budget: undefined },
    });
    expect(gw.opened).toMatchObject([{ id: body['run_id'], root: body['run_id'], parent: undefined, depth: 0 }]);
  });

  test('of the same agent adds nobody to those who act', async () => {
    const gw = await authority();
    expect((await gw.who(await gw.child(login()))).actors).toEqual([]);
    const actors = [{ subject: 'planner', issuer: 'https://idp.test' }];
    expect((await gw.who(await gw.child(login({ agent: 'planner' })))).actors).toEqual(actors);
    const named = login({ agent: 'planner', act: { sub: 'planner', iss: 'https://other.test' } });
    expect((await gw.who(await gw.child(named))).actors).toEqual([
      { subject: 'planner', issuer: 'https://other.test' },
    ]);
  });

  test('may be made with an API key, and ends with the token itself', async () => {
    const gw = await authority();
    const token = await gw.child(made.key);
    expect(await gw.who(token)).toMatchObject({ subject: 'ci', agent: 'builder', expiresAtMs: NOW_MS + 600_000 });
  });

  test('answers to those whose agent it took the place of, though not to a person who is none', async () => {
    const gw = await authority();
    const person = await delegationOf(gw, await gw.child(login(), { agent_name: 'a' }));
    expect(person.above).toBeUndefined();
    const agent = await delegationOf(gw, await gw.child(login({ agent: 'planner' }), { agent_name: 'a' }));
    expect(agent.above).toMatchObject([{ id: 'acme/alice/planner', agent: 'planner', subject: 'alice' }]);
  });
});

describe('a token that was made', () => {
  test('is an RFC 9068 token with the claims that the tree needs, and no others', async () => {
    const gw = await authority();
    const root = await gw.child(login(), { agent_name: 'root', budget: '5 USD' });
    const token = await gw.child(root, { agent_name: 'reader', run_name: 'issue 7', budget: '2 USD', ...asked(READ) });
    const [head = ''] = token.split('.');
    expect(JSON.parse(Buffer.from(head, 'base64url').toString())).toEqual({
      alg: 'ES256',
      typ: 'at+jwt',
      kid: expect.any(String),
    });
    const { path } = await delegationOf(gw, token);
    expect(claimsIn(token)).toEqual({
      iss: GATEWAY,
      aud: [GATEWAY],
      sub: 'alice',
      client_id: 'reader',
      tenant: 'acme',
      agent: 'reader',
      iat: NOW,
      nbf: NOW,
      exp: NOW + 600,
      jti: expect.any(String),
      txn: path[0],
      scope: 'read write',
      act: { iss: GATEWAY, sub: 'reader', act: { iss: GATEWAY, sub: 'root' } },
      authorization_details: [{ type: 'waygate_call', actions: READ.actions, resources: READ.resources }],
      [RUN_CLAIM]: {
        run: path[1],
        path,
        name: 'issue 7',
        depth: 1,
        max_depth: 8,
        parent_jti: claimsIn(root)['jti'],
        budget: { run: path[1], amount: 2_000_000 },
        above: ['root'],
      },
    });
  });
});

describe('a child', () => {
  test('has the subject, tenant and tree of its parent, and takes over what it does not ask for', async () => {
    const gw = await authority();
    const root = await gw.child(login(), { agent_name: 'root', budget: '5 USD', max_depth: '3', ...asked(READ) });
    const parent = await gw.who(root);
    const child = await gw.who(await gw.child(root));
    expect(child).toMatchObject({ subject: 'alice', tenant: 'acme', agent: 'root', scopes: ['read', 'write'] });
    expect(child.delegation).toMatchObject({ rights: [READ], maxDepth: 3, budget: parent.delegation?.budget });
    expect(child.delegation?.path).toEqual([...(parent.delegation?.path ?? []), gw.opened[1]?.id]);
    expect(child.actors).toHaveLength(2);
    expect(child.delegation?.above).toBeUndefined();
    expect(gw.carved).toEqual([]);
    expect(gw.asked).toEqual(['spawn', 'open', 'spawn', 'open']);
  });

  test('without an agent is named after its run', async () => {
    const gw = await authority();
    const child = await gw.child(await gw.child(login()));
    expect(claimsIn(child)).toMatchObject({
      client_id: gw.opened[1]?.id,
      act: { iss: GATEWAY, sub: gw.opened[1]?.id },
    });
    expect(claimsIn(child)).not.toHaveProperty('agent');
  });

  test('answers to every agent above it', async () => {
    const gw = await authority();
    let token = await gw.child(login(), { agent_name: 'a' });
    for (const agent_name of ['b', 'a', 'c']) token = await gw.child(token, { agent_name });
    const { above } = await delegationOf(gw, token);
    expect(above?.map(({ agent }) => agent).toSorted()).toEqual(['a', 'b']);
  });

  test('of an agent without a name answers to it too', async () => {
    const gw = await authority();
    const { above } = await delegationOf(gw, await gw.child(await gw.child(login()), { agent_name: 'b' }));
    expect(above).toMatchObject([{ agent: '', id: 'acme/alice/' }]);
  });

  test('takes its budget out of its parent’s, as long as there is some', async () => {
    const gw = await authority();
    const root = await gw.child(login(), { budget: '5 USD' });
    expect(gw.carved).toEqual([]);
    const first = await delegationOf(gw, await gw.child(root, { budget: '3 USD' }));
    expect(first.budget).toEqual({ run: first.path[1], amount: 3_000_000 });
    expect(gw.carved).toEqual([
      {
        tenant: 'acme',
        parentBudget: { run: first.path[0], amount: 5_000_000 },
        childRun: first.path[1],
        amount: 3_000_000,
        untilMs: NOW_MS + 600_000,
      },
    ]);
    const second = await gw.exchange(root, { budget: '3 USD' });
    expect(second).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect(gw.opened).toHaveLength(2);
  });

  test('gives its budget back where its run cannot be opened', async () => {
    let isOpen = true;
    const gw = await authority({
      openRun: () =>
        isOpen ? Promise.resolve() : Promise.reject(new GatewayError('limit.unavailable', 'the store is gone')),
    });
    const root = await gw.child(login(), { budget: '5 USD' });
    isOpen = false;
    expect(await gw.exchange(root, { budget: '3 USD' })).toMatchObject({
      status: 503,
      body: { error: 'temporarily_unavailable' },
    });
    expect(gw.carved).toEqual([]);
    expect(gw.asked.at(-1)).toBe('giveBack');
    expect(await gw.exchange(root)).toMatchObject({ status: 503 });
  });

  test('never outlives its parent', async () => {
    const gw = await authority();
    const root = await gw.child(login(), { expires_in: '900' });
    await gw.later(300_000);
    const child = await gw.exchange(root, { expires_in: '3600' });
    expect(child.body['expires_in']).toBe(600);
    await gw.later(602_000);
    // Within the tolerance of clocks the parent is still believed, but there is nothing left to give.
    expect(await gw.exchange(root)).toMatchObject({
      status: 400,
      body: { error: 'invalid_request', error_description: expect.stringContaining('about to expire') },
    });
    await gw.later(10_000);
    expect(await gw.exchange(root)).toMatchObject({
      status: 400,
      body: { error: 'invalid_request', error_description: expect.stringContaining('expired') },
    });
  });

  test('is made for no longer than the configuration allows', async () => {
    const gw = await authority();
    expect((await gw.exchange(made.key, { expires_in: '999999' })).body['expires_in']).toBe(3_600);
  });
});

describe('spawning', () => {
  test('is decided on as an action of the parent, before anything is carved', async () => {
    const gw = await authority();
    const root = await gw.child(login(), { agent_name: 'root', budget: '5 USD' });
    await gw.child(root, { agent_name: 'reader', budget: '2 USD', expires_in: '60', max_depth: '1' });
    const [first, second] = gw.spawns;
    expect(first).toMatchObject({
      action: 'run.spawn',
      resource: { kind: 'agent', upstream: 'waygate', name: 'root' },
      principal: { agent: '', issuer: 'https://idp.test' },
      run: { depth: 0, source: 'token' },
    });
    expect(second).toMatchObject({
      resource: { name: 'reader' },
      principal: { agent: 'root', issuer: GATEWAY },
      run: { id: gw.opened[0]?.id },
      args: { name: 'reader', depth: 1, max_depth: 1, seconds: 60, run_key: false, budget: 2 },
    });
    expect(gw.asked).toEqual(['spawn', 'open', 'spawn', 'carve', 'open']);
  });

  test.each(['deny', 'hold'] as const)('is refused with the rule where the policies say %s', async (effect) => {
    const gw = await authority({
      decideSpawn: () =>
        Promise.resolve({
          effect,
          rules: ['p/no'],
          reason: 'no more “agents”…\n',
          revision: 'r',
          shadow: undefined,
          facts: {},
        }),
    });
    const { status, body } = await gw.exchange(login());
    expect({ status, body }).toEqual({
      status: 403,
      body: { error: 'access_denied', error_description: "no more 'agents'...?", rule: 'p/no' },
    });
    expect(gw.asked).toEqual([]);
  });

  test('takes a right of the token, and is not even asked about without', async () => {
    const gw = await authority();
    const root = await gw.child(login(), asked({ ...READ, actions: ['tool.call'] }));
    const { status, body } = await gw.exchange(root);
    expect(status).toBe(403);
    expect(body).toMatchObject({ error: 'access_denied', rule: 'token-rights' });
    expect(gw.spawns).toHaveLength(1);
  });

  test('is refused while the parent’s run is stopped', async () => {
    const gw = await authority({
      runOf: () => Promise.reject(new GatewayError('run.killed', 'the run was killed by bob')),
    });
    const root = await gw.child(login());
    expect(await gw.exchange(root)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant', error_description: 'the run was killed by bob' },
    });
  });

  test('tells of a fault of the gateway itself, and says nothing of it', async () => {
    const gw = await authority({ runOf: () => Promise.reject(new TypeError('secret detail')) });
    const root = await gw.child(login());
    const { status, body } = await gw.exchange(root);
    expect(status).toBe(500);
    expect(JSON.stringify(body)).not.toContain('secret');
    expect(gw.faults).toMatchObject([{ message: 'secret detail' }]);
  });
});

describe('a child that would be more than its parent is refused', () => {
  test.each<[string, Right]>([
    ['another action', { ...READ, actions: ['http.request'] }],
    ['a wider resource', { ...READ, resources: ['tool/github/*'] }],
    ['another upstream', { ...READ, resources: ['tool/mail/get_x'] }],
    ['an argument that was bound', { actions: ['tool.call'], resources: ['tool/web/fetch'], args: {} }],
    [
      'a looser bound',
      { actions: ['tool.call'], resources: ['tool/web/fetch'], args: { url: [{ prefix: 'https://' }] } },
    ],
  ])('for %s', async (_, wanted) => {
    const gw = await authority();
    const web: Right = {
      actions: ['tool.call'],
      resources: ['tool/web/fetch'],
      args: { url: [{ prefix: 'https://a/' }] },
    };
    const root = await gw.child(login(), asked(READ, web));
    expect(await gw.exchange(root, asked(wanted))).toMatchObject({
      status: 400,
      body: { error: 'invalid_authorization_details' },
    });
    expect(gw.opened).toHaveLength(1);
  });

  test('for a scope', async () => {
    const gw = await authority();
    const root = await gw.child(login(), { scope: 'read' });
    expect((await gw.who(root)).scopes).toEqual(['read']);
    expect(await gw.exchange(root, { scope: 'read write' })).toMatchObject({ body: { error: 'invalid_scope' } });
    expect((await gw.exchange(login({ scope: undefined }))).body).not.toHaveProperty('scope');
  });

  test('for a budget', async () => {
    const gw = await authority();
    const root = await gw.child(login(), { budget: '1 USD' });
    expect(await gw.exchange(root, { budget: '1.000001 USD' })).toMatchObject({ body: { error: 'invalid_grant' } });
    expect(gw.asked).toEqual(['spawn', 'open']);
  });

  test('for its depth, which a child may lower and never raise', async () => {
    const gw = await authority();
    const root = await gw.child(login(), { max_depth: '1' });
    const child = await gw.exchange(root, { max_depth: '7' });
    expect(child.body['max_depth']).toBe(1);
    expect(await gw.exchange(child.body['access_token'] as string)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant', error_description: expect.stringContaining('deeper than 1') },
    });
  });

  test('for the depth of the configuration', async () => {
    const gw = await authority();
    let token = await gw.child(login(), { agent_name: 'a' });
    for (let depth = 1; depth <= 8; depth += 1) token = await gw.child(token);
    expect((await delegationOf(gw, token)).path).toHaveLength(9);
    expect(await gw.exchange(token)).toMatchObject({
      body: { error: 'invalid_grant', error_description: expect.stringContaining('deeper than 8') },
    });
  });

  test('for a chain of actors that would have to be cut', async () => {
    const gw = await authority();
    let act: object = { sub: 'a7' };
    for (let link = 6; link >= 1; link -= 1) act = { sub: `a${link}`, act };
    let token = await gw.child(login({ act }), { agent_name: 'x' });
    token = await gw.child(token);
    expect((await gw.who(token)).actors).toHaveLength(9);
    expect(await gw.exchange(token)).toMatchObject({
      body: { error: 'invalid_grant', error_description: expect.stringContaining('never cut') },
    });
  });

  test('for rights that make the token too long for a header', async () => {
    const gw = await authority();
    const long = Array.from({ length: 40 }, (_, index) => ({
      ...READ,
      resources: [`tool/github/${'x'.repeat(200)}${index}`],
    }));
    expect(await gw.exchange(login(), asked(...long))).toMatchObject({
      status: 400,
      body: { error: 'invalid_authorization_details', error_description: expect.stringContaining('run key') },
    });
    expect((await gw.exchange(login(), { ...asked(...long), requested_token_type: RUN_KEY })).status).toBe(200);
  });
});

describe('an actor', () => {
  const actor = (token: string) => ({ actor_token: token, actor_token_type: ACCESS_TOKEN });

  test('that is configured acts for any run of its tenant', async () => {
    const gw = await authority();
    const root = await gw.child(login(), { agent_name: 'root' });
    const child = await gw.who(await gw.child(root, actor(login({ sub: 'worker' }))));
    expect(child.actors[0]).toEqual({ subject: 'worker', issuer: 'https://idp.test' });
    expect(child).toMatchObject({ subject: 'alice', agent: 'root' });
    expect(gw.spawns[1]?.args).toMatchObject({ actor: 'worker' });
    const named = await gw.who(await gw.child(root, actor(login({ sub: 'worker', agent: 'w' }))));
    expect(named).toMatchObject({ agent: 'w', actors: [{ subject: 'w' }, { subject: 'root' }] });
    expect(await gw.child(login(), actor(login({ sub: 'worker' })))).toBeDefined();
  });

  test('of the same tree may be a sibling', async () => {
    const gw = await authority();
    const root = await gw.child(login(), { agent_name: 'root' });
    const sibling = await gw.child(root, { agent_name: 'b' });
    expect(await gw.who(await gw.child(root, actor(sibling)))).toMatchObject({
      agent: 'b',
      actors: [{ subject: 'b' }, { subject: 'root' }],
    });
  });

  test.each<[string, (gw: Authority, root: string, mid: string) => Promise<string> | string, string]>([
    ['of another tenant', () => login({ sub: 'worker', tenant: 'umbrella' }), 'another tenant'],
    ['that nobody configured', () => login({ sub: 'mallory' }), 'neither of the same tree'],
    ['of another tree', (gw) => gw.child(login()), 'neither of the same tree'],
    ['that is the parent itself', (_, __, mid) => mid, 'stands above'],
    ['that stands above the parent', (_, root) => root, 'stands above'],
    ['that is of another agent', () => login({ sub: 'worker', agent: 'w' }), 'of another agent'],
    ['that is not believed', () => `${login({ sub: 'worker' }).slice(0, -8)}AAAAAAAA`, 'of the actor token'],
  ])('%s is refused', async (_, makeActor, words) => {
    const gw = await authority();
    const root = await gw.child(login(), { agent_name: 'root' });
    const mid = await gw.child(root);
    const reply = await gw.exchange(mid, { agent_name: 'x', ...actor(await makeActor(gw, root, mid)) });
    expect(reply).toMatchObject({
      status: 400,
      body: { error: 'invalid_request', error_description: expect.stringContaining(words) },
    });
  });

  test('whose own run is stopped begins no other', async () => {
    const gw = await authority({
      runOf: ({ agent, delegation: { path, name } }) =>
        agent === 'b' ? Promise.reject(new GatewayError('run.killed', 'killed')) : Promise.resolve(runAt(path, name)),
    });
    const root = await gw.child(login(), { agent_name: 'root' });
    const sibling = await gw.child(root, { agent_name: 'b' });
    expect(await gw.exchange(root, actor(sibling))).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  });

  test('of a tree begins no other', async () => {
    const gw = await authority();
    const reply = await gw.exchange(login(), actor(await gw.child(login({ sub: 'worker' }))));
    expect(reply).toMatchObject({ body: { error_description: expect.stringContaining('neither of the same tree') } });
  });

  test('that acted before in the chain, or is whom the subject token speaks of, is refused', async () => {
    const gw = await authority();
    const root = await gw.child(login(), actor(login({ sub: 'worker' })));
    expect(await gw.exchange(root, actor(login({ sub: 'worker' })))).toMatchObject({ status: 400 });
    expect(await gw.exchange(login({ sub: 'worker' }), actor(login({ sub: 'worker' })))).toMatchObject({
      status: 400,
      body: { error_description: expect.stringContaining('stands above') },
    });
  });
});

describe('a run key', () => {
  const RUN_KEY_FORM = { requested_token_type: RUN_KEY };

  test('stands for one run as a token would', async () => {
    const gw = await authority();
    const { body } = await gw.exchange(login(), { agent_name: 'a', ...RUN_KEY_FORM, ...asked(READ) });
    const key = body['access_token'] as string;
    expect(body).toMatchObject({ issued_token_type: RUN_KEY, token_type: 'Bearer', expires_in: 3_000 });
    expect(key).toMatch(/^wgr_YWNtZQ_[A-Za-z0-9]{43}$/);
    const principal = await gw.who(key);
    expect(principal).toMatchObject({ credential: 'key', issuer: GATEWAY, agent: 'a', delegation: { rights: [READ] } });
    expect(await gw.who(key)).toBe(principal);
    expect(await gw.identify({ method: 'POST', path: '/v1/x', headers: { 'x-api-key': key } })).toBe(principal);
    const child = await gw.who(await gw.child(key));
    expect(child).toMatchObject({
      credential: 'jwt',
      subject: 'alice',
      delegation: { path: [body['run_id'], gw.opened[1]?.id] },
    });
  });

  test('is valid as long as its parent is', async () => {
    const gw = await authority();
    const key = await gw.child(login(), RUN_KEY_FORM);
    await gw.later(2_999_000);
    expect((await gw.exchange(key, RUN_KEY_FORM)).body['expires_in']).toBe(1);
    await gw.later(1_000);
    await expect(gw.who(key)).rejects.toMatchObject({ code: 'identity.expired' });
    const asked = await gw.exchange(made.key, { ...RUN_KEY_FORM, expires_in: '60' });
    expect(asked.body['expires_in']).toBe(60);
    expect((await gw.exchange(made.key, RUN_KEY_FORM)).body['expires_in']).toBe(90 * 86_400);
  });

  test('of a root outlives its login where the configuration says so; one below it never does', async () => {
    const gw = await authority({ terms: { ...TERMS, runKeyDays: 5 } });
    const root = await gw.exchange(login(), RUN_KEY_FORM);
    expect(root.body['expires_in']).toBe(5 * 86_400);
    const token = await gw.child(login());
    expect((await gw.exchange(token, RUN_KEY_FORM)).body['expires_in']).toBe(600);
  });

  test('is not made where it cannot be kept', async () => {
    const gone = {
      put: () => Promise.reject(new Error('gone')),
      deny: () => Promise.reject(new Error('gone')),
      drop: () => Promise.reject(new Error('gone')),
    };
    const gw = await authority({ grants: gone });
    expect(await gw.exchange(login(), RUN_KEY_FORM)).toMatchObject({
      status: 503,
      headers: { 'retry-after': '2' },
      body: { error: 'temporarily_unavailable' },
    });
    expect(gw.opened).toEqual([]);
  });
});

describe('proof of possession', () => {
  const key = ecPair('child');
  const other = ecPair('other');
  const thumbprint = calculateJwkThumbprint({
    kty: 'EC',
    crv: 'P-256',
    x: String(key.jwk['x']),
    y: String(key.jwk['y']),
  });

  test('binds the new token to the key of the proof', async () => {
    const gw = await authority();
    const { body } = await gw.exchange(login(), {}, { dpop: proof(key) });
    expect(body['token_type']).toBe('DPoP');
    expect(claimsIn(body['access_token'] as string)['cnf']).toEqual({ jkt: await thumbprint });
    expect((await delegationOf(gw, body['access_token'] as string)).proofKey).toBe(await thumbprint);
  });

  test('of a bound parent is asked for again, and its children stay bound', async () => {
    const gw = await authority();
    const root = (await gw.exchange(login(), {}, { dpop: proof(key) })).body['access_token'] as string;
    expect(await gw.exchange(root)).toMatchObject({ status: 400, body: { error: 'invalid_dpop_proof' } });
    expect(await gw.exchange(root, {}, { dpop: proof(other) })).toMatchObject({
      status: 400,
      body: { error: 'invalid_dpop_proof' },
    });
    const same = await gw.exchange(root, { requested_token_type: RUN_KEY }, { dpop: proof(key) });
    expect((await delegationOf(gw, same.body['access_token'] as string)).proofKey).toBe(await thumbprint);
    const jkt = 'A'.repeat(43);
    const handed = await gw.exchange(root, { dpop_jkt: jkt }, { dpop: proof(key) });
    expect((await delegationOf(gw, handed.body['access_token'] as string)).proofKey).toBe(jkt);
  });

  test('is asked of a bound actor too', async () => {
    const gw = await authority();
    const root = await gw.child(login(), { agent_name: 'root' });
    const sibling = (await gw.exchange(root, { agent_name: 'b' }, { dpop: proof(key) })).body['access_token'] as string;
    const form = { actor_token: sibling, actor_token_type: ACCESS_TOKEN };
    expect(await gw.exchange(root, form)).toMatchObject({ body: { error: 'invalid_dpop_proof' } });
    expect(await gw.exchange(root, form, { dpop: proof(key) })).toMatchObject({ status: 200 });
  });

  test('that is false or was shown before makes no token', async () => {
    const gw = await authority();
    const once = proof(key);
    expect((await gw.exchange(login(), {}, { dpop: once })).status).toBe(200);
    expect(await gw.exchange(login(), {}, { dpop: once })).toMatchObject({
      status: 400,
      body: { error: 'invalid_dpop_proof' },
    });
  });
});

describe('through any chain of exchanges', () => {
  const chains = someRights.chain((first) =>
    narrowed(first).chain((second) =>
      narrowed(second).chain((third) => callsNear(third).map((call) => ({ steps: [first, second, third], call }))),
    ),
  );

  test('what a child may do its parent may, and subject, tenant and tree stay; nothing grows', async () => {
    const gw = await authority();
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(
        chains,
        fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 3, maxLength: 3 }),
        async ({ steps, call }, amounts) => {
          let token = login();
          let parent: Principal | undefined;
          for (const [index, rights] of steps.entries()) {
            const spawning: Right = { actions: ['run.spawn'], resources: ['agent/waygate/*'], args: {} };
            const amount = amounts.toSorted((one, other) => other - one)[index] as number;
            const seconds = String(100 + amount);
            const fields = { budget: `0.${String(amount).padStart(6, '0')} USD`, expires_in: seconds };
            const reply = await gw.exchange(token, { ...fields, ...asked(spawning, ...rights) });
            if (reply.status !== 200) return;
            token = reply.body['access_token'] as string;
            const child = await gw.who(token);
            if (parent) compared += compare(child, parent, call);
            parent = child;
          }
        },
      ),
      { numRuns: 1_000 },
    );
    expect(compared).toBeGreaterThan(80);
    for (const { parentBudget } of gw.carved) {
      const parts = gw.carved.filter((one) => one.parentBudget.run === parentBudget.run);
      expect(parts.reduce((sum, { amount }) => sum + amount, 0)).toBeLessThanOrEqual(parentBudget.amount);
    }
  });

  function compare(child: Principal, parent: Principal, call: Parameters<typeof covers>[1]): number {
    const [own, above] = [child.delegation, parent.delegation];
    if (!own || !above) throw new Error('no delegation');
    expect([child.subject, child.tenant, own.path[0]]).toEqual([parent.subject, parent.tenant, above.path[0]]);
    expect(own.path.slice(0, -1)).toEqual(above.path);
    expect(child.expiresAtMs).toBeLessThanOrEqual(parent.expiresAtMs);
    expect(own.maxDepth).toBeLessThanOrEqual(above.maxDepth);
    expect(own.budget?.amount).toBeLessThanOrEqual(above.budget?.amount ?? microUsd(0));
    if (!covers(own.rights ?? [], call)) return 0;
    expect(covers(above.rights ?? [], call)).toBe(true);
    expect(outsideRights({ ...call, principal: parent } as never)).toBeUndefined();
    return 1;
  }
});
