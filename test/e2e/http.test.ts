// A plain HTTP API behind the gateway, spoken to in bytes: what the policy sees, and what the API is sent.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { askRaw, openRaw, statusOf } from '../support/raw-http.ts';
import { json, type ScriptedUpstream, scriptedUpstream } from '../support/upstream.ts';
import { startWaygate, token, type Waygate } from '../support/waygate.ts';

const POLICY = {
  policy: 'tickets',
  rules: [
    { id: 'read', allow: 'http.request', on: 'http/tickets/GET /**' },
    { id: 'one-issue', allow: 'http.request', on: 'http/tickets/{PUT,DELETE} /issues/{id}' },
    {
      id: 'small-bulk',
      allow: 'http.request',
      on: 'http/tickets/POST /issues',
      when: 'has(args.body) && has(args.body.labels) && args.body.labels.all(l, l != "prod")',
    },
    { id: 'not-42', deny: 'http.request', on: 'http/tickets/*', when: 'has(args.path.id) && args.path.id == "42"' },
    {
      id: 'no-secrets',
      deny: 'http.request',
      on: 'http/tickets/*',
      when: 'has(args.query.owner) && args.query.owner == "root"',
      because: 'tickets of root are for people',
    },
    { id: 'files', allow: 'http.request', on: 'http/files/**' },
    { id: 'no-etc', deny: 'http.request', on: 'http/files/GET /etc/**' },
    { id: 'paid', allow: 'http.request', on: 'http/paid/**' },
  ],
  limits: [
    { id: 'purse', budget: '0.01 USD', every: 'day', per: 'upstream' },
    { id: 'pace', rate: '200/min', per: 'upstream', on: 'http.request' },
  ],
};

let api: ScriptedUpstream;
let waygate: Waygate;
let bearer: string;
let port: number;

beforeAll(async () => {
  api = await scriptedUpstream();
  waygate = await startWaygate({
    config: {
      upstreams: {
        tickets: {
          protocol: 'http',
          url: `${api.url}/api`,
          credential: { value: 'env:TICKETS_KEY', header: 'x-ticket-key', scheme: '' },
          price: 'free',
          operations: [
            'GET /issues',
            'GET /issues/{id}',
            'GET /issues/search',
            'POST /issues',
            'PUT /issues/{id}',
            'DELETE /issues/{id}',
            'HEAD /issues',
          ],
          lists: ['label'],
        },
        files: { protocol: 'http', url: api.url, price: 'free' },
        paid: { protocol: 'http', url: api.url, price: '0.004 USD' },
      },
    },
    policies: { 'tickets.yaml': POLICY },
    env: { TICKETS_KEY: 'tickets-CANARY-0123456789' },
  });
  bearer = await token();
  port = Number(new URL(waygate.url).port);
});
afterAll(async () => {
  await waygate.stop();
  await api.close();
});
beforeEach(() => {
  api.received.length = 0;
  api.answer = (_, response) => json(response, { ok: true });
});

/** Sends a request in bytes and returns the answer in bytes. */
function ask(line: string, fields: readonly string[] = [], body = ''): Promise<string> {
  const length = body === '' ? [] : [`content-length: ${Buffer.byteLength(body)}`];
  const head = [`${line} HTTP/1.1`, 'host: 127.0.0.1', 'connection: close', `authorization: Bearer ${bearer}`];
  return askRaw(port, [...head, ...fields, ...length, '', body].join('\r\n'));
}

const JSON_TYPE = 'content-type: application/json';
const sent = (): string[] => api.received.map(({ method, url }) => `${method} ${url}`);

describe('a request of a declared operation', () => {
  test('goes up as it came, with the API’s own credential and none of the client’s', async () => {
    const fields = [JSON_TYPE, 'x-mine: 1', 'cookie: a=b', 'x-forwarded-host: evil.test', 'x-ticket-key: mine'];
    const body = '{"title":"x",  "labels":["a"]}';
    const answer = await ask('POST /http/tickets/issues?label=a&label=b&q=1%202', fields, body);
    expect(statusOf(answer)).toBe(200);
    expect(answer).toMatch(/waygate-call: /i);
    expect(sent()).toEqual(['POST /api/issues?label=a&label=b&q=1%202']);
    const [call] = api.received;
    expect(call?.body.toString()).toBe(body);
    expect(call?.headers).toMatchObject({ 'x-mine': '1', 'x-ticket-key': 'tickets-CANARY-0123456789' });
    expect(call?.rawHeaders.join('\n')).not.toContain(bearer);
    for (const name of ['authorization', 'cookie', 'x-forwarded-host']) expect(call?.headers).not.toHaveProperty(name);
  });

  test.each([
    ['GET /http/tickets/issues/7', 200],
    ['GET /http/tickets/issues/search', 200],
    ['HEAD /http/tickets/issues', 403],
    ['PUT /http/tickets/issues/7', 200],
    ['DELETE /http/tickets/issues/a%20b', 200],
    ['DELETE /http/tickets/issues/42', 403],
    ['GET /http/tickets/issues?owner=root', 403],
    ['GET /http/tickets/issues?own%65r=ro%6ft', 403],
    ['GET /http/tickets/issues?owner=me', 200],
    ['PATCH /http/tickets/issues/7', 405],
    ['GET /http/tickets/issues/7/comments', 404],
    ['GET /http/tickets/issues/', 404],
    ['GET /http/tickets/Issues', 404],
    ['TRACE /http/tickets/issues', 405],
  ])('%s is answered with %i', async (line, status) => {
    expect(statusOf(await ask(line))).toBe(status);
    expect(sent()).toEqual(status === 200 ? [line.replace('/http/tickets', '/api')] : []);
  });

  test('is decided by its JSON body', async () => {
    const post = (body: string, type = JSON_TYPE): Promise<string> => ask('POST /http/tickets/issues', [type], body);
    expect(statusOf(await post('{"labels":["a"]}'))).toBe(200);
    expect(statusOf(await post('{"labels":["prod"]}'))).toBe(403);
    expect(statusOf(await post('{"labels":["a"]}', 'content-type: application/vnd.x+json; charset=utf-8'))).toBe(200);
    // What cannot be read is no body that a condition could allow.
    expect(statusOf(await post('{"labels":["a"]}', 'content-type: text/plain'))).toBe(403);
    expect(api.received).toHaveLength(2);
  });

  test.each([
    ['a key twice', '{"labels":["prod"],"labels":["a"]}'],
    ['a key twice, escaped', '{"labels":["prod"],"\\u006cabels":["a"]}'],
    ['no JSON', '{labels:[]}'],
    ['a byte order mark', '\ufeff{"labels":[]}'],
    ['a number that overflows', '{"labels":[],"n":1e999}'],
    ['a method in the body', '{"labels":[],"_method":"DELETE"}'],
    ['deep nesting', `{"labels":${'['.repeat(65)}${']'.repeat(65)}}`],
  ])('with a body that readers differ on is refused: %s', async (_, body) => {
    expect(statusOf(await ask('POST /http/tickets/issues', [JSON_TYPE], body))).toBe(400);
    expect(sent()).toEqual([]);
  });
});

describe('a path or query that readers differ on', () => {
  test.each([
    '/http/tickets/../files/etc/passwd',
    '/http/tickets/%2e%2e/files',
    '/http/files/..%2fetc',
    '/http/files/a%2Fetc',
    '/http/files/%252e%252e/etc',
    '/http/files//etc/passwd',
    '/http/files/a;b/c',
    '/http/files/a%3Bb',
    '/http/files/%65tc/passwd',
    '/http/files/a%00',
    '/http/files/a%20',
    '/http/files/a%c3%a9',
    '/http/files/%C0%AF',
    '/http/files/a%5Cb',
    '/http/files/%EF%BC%8Fetc',
    '/http/files/a%23b',
    '/http/files/a%3Fb',
    '/http%2Ffiles/a',
    '/http/files/a?x=1;owner=root',
    '/http/files/a?x=1?y=2',
    '/http/files/a?x=1&x=2',
    '/http/files/a?x=%ff',
    '/http/files/a?x=%00',
    '/http/files/a?_method=DELETE',
    `/http/files/a?${'x&'.repeat(300)}`,
  ])('%.50s is refused', async (target) => {
    expect(statusOf(await ask(`GET ${target}`))).toBe(400);
    expect(sent()).toEqual([]);
  });

  test.each([
    ['/http/files/caf%C3%A9/a%20b', '/caf%C3%A9/a%20b'],
    ['/http/files/a%40b%3Ac', '/a@b:c'],
    ['/http/files/etcetera', '/etcetera'],
    ['/http/files/', '/'],
    ['/http/files', '/'],
    ['/http/files/a/?tag[]=1&tag[]=2', '/a/?tag[]=1&tag[]=2'],
  ])('%s has one spelling, which is decided on and sent: %s', async (target, path) => {
    expect(statusOf(await ask(`GET ${target}`))).toBe(200);
    expect(sent()).toEqual([`GET ${path}`]);
  });

  test('a rule on a path holds', async () => {
    expect(statusOf(await ask('GET /http/files/etc/passwd'))).toBe(403);
    expect(sent()).toEqual([]);
  });
});

describe('an answer', () => {
  test('flows as the API sends it, and its end is the API’s', async () => {
    let go: () => void = () => {};
    api.answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' }).write('first ');
      go = () => response.end('second');
    };
    const connection = await openRaw(port);
    const head = ['GET /http/files/log HTTP/1.1', 'host: 127.0.0.1', `authorization: Bearer ${bearer}`];
    connection.send([...head, '', ''].join('\r\n'));
    await connection.until(/first /);
    go();
    await connection.until(/second/);
    connection.socket.destroy();
  });

  test('of any status and type passes, and one that breaks off is cut', async () => {
    api.answer = (_, response) => response.writeHead(418, { 'content-type': 'text/x' }).end('short and stout');
    expect(await ask('GET /http/files/pot')).toMatch(/^HTTP\/1\.1 418 [^]*short and stout\r\n0\r\n\r\n$/);
    api.answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
      setImmediate(() => response.destroy());
    };
    const broken = await ask('GET /http/files/events', ['accept: text/event-stream']);
    expect(broken).toContain('data: 1');
    expect(broken).not.toMatch(/\r\n0\r\n\r\n$/);
  });

  test('that is ours is a problem (RFC 9457) that names the rule', async () => {
    const answer = await ask('GET /http/tickets/issues?owner=root');
    expect(answer).toMatch(/content-type: application\/problem\+json/i);
    const body = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)) as object;
    expect(body).toMatchObject({
      status: 403,
      code: 'policy.denied',
      detail: expect.stringContaining('tickets/no-secrets'),
    });
    expect(body).toMatchObject({ detail: expect.stringContaining('tickets of root are for people') });
  });
});

describe('what a request costs', () => {
  test('is what the config states, and a budget ends it', async () => {
    const statuses: number[] = [];
    for (let call = 0; call < 3; call++) statuses.push(statusOf(await ask('GET /http/paid/report')));
    expect(statuses).toEqual([200, 200, 402]);
    expect(sent()).toHaveLength(2);
    // What is free needs no room in a budget.
    expect(statusOf(await ask('GET /http/files/a'))).toBe(200);
  });
});
