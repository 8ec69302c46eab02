// The gateway as an authorization server, in one process with its stores in memory: what a test must see from within.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ACCESS_TOKEN, EXCHANGE_GRANT, RUN_KEY } from '../../src/identity/exchange-request.ts';
import { chatUpstream, COMPLETION, postChat } from '../support/chat.ts';
import { breakAudit, type InProcess, startInProcess } from '../support/in-process.ts';
import { json, type ScriptedUpstream, scriptedUpstream } from '../support/upstream.ts';
import { ALLOW_ALL, token } from '../support/waygate.ts';

const DELEGATION = { issuer: 'http://127.0.0.1:4000' };

let upstream: ScriptedUpstream;
let gateway: InProcess | undefined;

beforeEach(async () => {
  upstream = await scriptedUpstream();
  upstream.answer = (_, response) => json(response, COMPLETION);
});
afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
  await upstream.close();
});

interface Reply {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

async function start(policy: object = {}, config: object = { delegation: DELEGATION }): Promise<InProcess> {
  const rules = [...ALLOW_ALL.rules, { id: 'spawn', allow: 'run.spawn' }];
  gateway = await startInProcess(
    { upstreams: { up: chatUpstream(upstream.url) }, limits: { waitMs: 0 }, ...config },
    { policy: 'p', rules, ...policy },
  );
  return gateway;
}

async function exchange({ url }: InProcess, subject: string, fields: Record<string, string> = {}): Promise<Reply> {
  const asked = { grant_type: EXCHANGE_GRANT, subject_token: subject, subject_token_type: ACCESS_TOKEN, ...fields };
  const response = await fetch(`${url}/oauth/token`, { method: 'POST', body: new URLSearchParams(asked) });
  return { status: response.status, body: (await response.json()) as Reply['body'] };
}

async function child(at: InProcess, subject: string, fields?: Record<string, string>): Promise<string> {
  const { body } = await exchange(at, subject, fields);
  if (typeof body['access_token'] !== 'string') throw new Error(JSON.stringify(body));
  return body['access_token'];
}

describe('a gateway without delegation', () => {
  test('has no such endpoints, and knows no run keys', async () => {
    const at = await start({}, {});
    for (const path of ['/.well-known/jwks.json', '/.well-known/oauth-authorization-server'])
      expect((await fetch(`${at.url}${path}`)).status).toBe(404);
    expect((await exchange(at, await token())).status).toBe(404);
    expect((await postChat(at.url, 'wgr_YWNtZQ_x')).status).toBe(401);
  });
});

describe('a configuration', () => {
  test('whose signing key is none does not start', async () => {
    await expect(start({}, { delegation: { ...DELEGATION, keys: ['env:UPSTREAM_KEY'] } })).rejects.toMatchObject({
      problems: [{ message: expect.stringMatching(/^`delegation.keys.0`: /) as string }],
    });
  });
});

describe('a spawn', () => {
  const few = { limits: [{ id: 'few', max: { children: 1 }, per: 'run.parent' }] };

  test('that cannot have its budget begins no run, and takes nothing of what limits it', async () => {
    const at = await start(few);
    const root = await child(at, await token(), { budget: '0.001 USD' });
    expect((await postChat(at.url, root)).status).toBe(200);
    for (let tries = 0; tries < 3; tries += 1)
      expect(await exchange(at, root, { budget: '0.001 USD' })).toMatchObject({
        status: 400,
        body: { error: 'invalid_grant', error_description: expect.stringContaining('is left of the parent') as string },
      });
    expect((await exchange(at, root)).status).toBe(200);
  });

  test('that limits refuse gives back its budget', async () => {
    const at = await start(few);
    const root = await child(at, await token(), { budget: '1 USD' });
    await child(at, root);
    for (let tries = 0; tries < 3; tries += 1)
      expect(await exchange(at, root, { budget: '0.8 USD' })).toMatchObject({
        status: 400,
        body: { error: 'invalid_grant', rule: 'p/few' },
      });
    const call = await postChat(at.url, root);
    expect(call.status).toBe(200);
  });

  test('too deep for a bound of the policies is refused by it', async () => {
    const at = await start({ limits: [{ id: 'flat', max: { depth: 1 } }] });
    const root = await child(at, await token());
    const leaf = await child(at, root);
    expect(await exchange(at, leaf)).toMatchObject({ status: 400, body: { error: 'invalid_grant', rule: 'p/flat' } });
  });

  test('that would have to be approved is refused, and says so', async () => {
    const rules = [...ALLOW_ALL.rules, { id: 'spawn', allow: 'run.spawn' }, { id: 'asked', hold: 'run.spawn' }];
    const at = await start({ rules });
    expect(await exchange(at, await token())).toMatchObject({
      status: 403,
      body: {
        error: 'access_denied',
        rule: 'p/asked',
        error_description: expect.stringContaining('does not wait for that') as string,
      },
    });
  });

  test('that the audit cannot have gives no token', async () => {
    const at = await start();
    breakAudit(at.dir);
    // What was open can be written a moment longer.
    const status = async (): Promise<number> => (await exchange(at, await token())).status;
    await expect.poll(status, { timeout: 10_000 }).toBe(503);
    for (const kind of [ACCESS_TOKEN, RUN_KEY]) {
      const { status, body } = await exchange(at, await token(), { requested_token_type: kind });
      expect([status, body['error'], body['access_token']]).toEqual([503, 'temporarily_unavailable', undefined]);
    }
  });
});
