// Section 3C, and what of 3H and 3I a request could try with its header fields.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COMPLETION } from '../../support/chat.ts';
import { chat, mcp, openRange, type Range } from '../../support/range.ts';
import { statusOf } from '../../support/raw-http.ts';

let range: Range;
beforeAll(async () => {
  range = await openRange();
});
afterAll(() => range.close());

const send = (...fields: readonly string[]): Promise<string> => range.shoot(chat({ bearer: range.bearer, fields }));

describe('a field that could be read in two ways is refused', () => {
  test.each([
    ['H-05 two tokens', 'authorization: Bearer other'],
    ['H-05 two hosts', 'host: evil.test'],
    ['H-05 two media types', 'content-type: application/json'],
    ['H-06 a credential with an underscore', 'x_api_key: other'],
    ['H-06 a credential with a dot', 'x.api.key: other'],
    ['H-06 a length with an underscore', 'content_length: 1'],
    ['H-06 a coding with an underscore', 'transfer_encoding: chunked'],
    ['H-06 a mirror of MCP with an underscore', 'mcp_name: other'],
    ['H-08 a control character of Latin-1', 'x-a: \x85admin'],
    ['H-08 a space of Latin-1', 'x-a: admin\xa0'],
    ['H-08 UTF-8', 'x-a: \xc3\xa4'],
    ['H-08 a control character', 'x-a: a\x01b'],
    ['H-08 DEL', 'x-a: a\x7fb'],
    ['VR-53 a host with a path', 'Host: a/b'],
  ])('%s', async (_, field) => {
    const request = chat({ bearer: range.bearer, fields: [field] });
    const only = field.startsWith('Host') ? request.replace('host: localhost\r\n', '') : request;
    expect(statusOf(await range.shoot(only))).toBe(400);
    expect(range.received()).toEqual([]);
    expect(await range.sound()).toBe(200);
  });

  test.each(['u@h', '[::', 'a b', '\x80', 'a:b:c', 'a#b'])('VR-53 the host `%s`', async (host) => {
    const bytes = chat({ bearer: range.bearer }).replace('host: localhost', `host: ${host}`);
    expect(statusOf(await range.shoot(bytes))).toBe(400);
    expect(range.received()).toEqual([]);
  });
});

describe('what is between two neighbours, or for Waygate alone, goes no further', () => {
  test.each([
    ['H-02', 'keep-alive: timeout=5'],
    ['H-02', 'proxy-authenticate: Basic'],
    ['H-02', 'proxy-authentication-info: x'],
    ['H-02', 'upgrade: x/1'],
    ['H-02', 'proxy-authorization: Basic x'],
    ['H-02', 'proxy-connection: close'],
    ['H-02', 'te: trailers'],
    ['H-02', 'trailer: x-a'],
    ['H-02', 'proxy: http://evil.test'],
    ['K-01', 'cookie: session=1'],
    ['K-07', 'baggage: user=ana'],
    ['K-07', 'tracestate: other=1'],
    ['X-01', 'x-forwarded-for: 10.0.0.1'],
    ['X-01', 'x_forwarded_for: 10.0.0.1'],
    ['X-01', 'x.forwarded.for: 10.0.0.1'],
    ['X-01', 'forwarded: for=10.0.0.1'],
    ['X-01', 'x-real-ip: 10.0.0.1'],
    ['VR-22', 'waygate-run: run_other'],
    ['VR-22', 'waygate-call: call_other'],
    ['VR-22', 'waygate_call: call_other'],
    ['VR-22', 'x-waygate-principal: root'],
    ['VR-22', 'x-envoy-original-path: /admin'],
    ['VR-07', 'x-portkey-custom-host: http://evil.test'],
    ['VR-07', 'x-original-url: /admin'],
    ['VR-07', 'x-http-method-override: DELETE'],
  ])('%s %s', async (_, field) => {
    expect(statusOf(await send(field))).toBe(200);
    const [one] = range.received();
    const name = field.slice(0, field.indexOf(':'));
    expect(one?.rawHeaders.filter((_name, index) => index % 2 === 0).map((each) => each.toLowerCase())).not.toContain(name);
  });

  test('H-02 nor does what the field `Connection` names, in any case and however often', async () => {
    const bytes = chat({ bearer: range.bearer, fields: ['connection: X-Scoped , x-other', 'x-scoped: 1', 'X-Other: 2'] });
    expect(statusOf(await range.shoot(bytes))).toBe(200);
    const [one] = range.received();
    expect(one?.headers['x-scoped']).toBeUndefined();
    expect(one?.headers['x-other']).toBeUndefined();
    expect(one?.headers['authorization']).toBe('Bearer sk-upstream');
  });

  test('H-05 a field that occurs several times arrives as often', async () => {
    expect(statusOf(await send('x-role: user', 'x-role: admin'))).toBe(200);
    expect(range.received()[0]?.headers['x-role']).toBe('user, admin');
  });

  test('X-01 fifty forged addresses change nothing', async () => {
    expect(statusOf(await send(...Array.from({ length: 50 }, () => 'x-forwarded-for: 127.0.0.1')))).toBe(200);
    expect(range.received()[0]?.headers['x-forwarded-for']).toBeUndefined();
  });
});

test('H-03 an answer brings nothing that is between the upstream and Waygate, or of the origin of the upstream', async () => {
  const before = range.upstream.answer;
  range.upstream.answer = (_, response) => {
    const fields = {
      connection: 'x-scoped, close',
      'x-scoped': '1',
      'keep-alive': 'timeout=9',
      'proxy-authenticate': 'Basic',
      'proxy-authentication-info': 'x',
      'set-cookie': 'a=b',
      'alt-svc': 'h3=":443"',
      location: 'http://evil.test',
      'www-authenticate': 'Bearer',
      'waygate-call': 'call_forged',
      'waygate-run': 'run_forged',
      'x-goog-api-key': 'sk-upstream',
      'x-kept': 'yes',
    };
    response.writeHead(200, { 'content-type': 'application/json', ...fields }).end(JSON.stringify(COMPLETION));
  };
  const answer = await range.shoot(chat({ bearer: range.bearer }));
  range.upstream.answer = before;
  range.received();
  const names = answer.slice(0, answer.indexOf('\r\n\r\n')).toLowerCase();
  expect(statusOf(answer)).toBe(200);
  expect(names).toContain('\r\nx-kept: yes');
  for (const gone of ['x-scoped', 'proxy-', 'set-cookie', 'alt-svc', 'location', 'www-auth', 'forged', 'sk-upstream']) {
    expect(names).not.toContain(gone);
  }
});

describe('X-03 a web page', () => {
  test.each(['http://evil.test', 'null', 'http://localhost.evil.test', 'file://'])('at %s: 403', async (origin) => {
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
    expect(statusOf(await range.shoot(mcp({ bearer: range.bearer, fields: [`origin: ${origin}`] }, body)))).toBe(403);
    expect(range.received()).toEqual([]);
  });

  test('VR-32 that has its name resolve to this machine: 403', async () => {
    const bytes = chat({ bearer: range.bearer }).replace('host: localhost', 'host: evil.test');
    expect(statusOf(await range.shoot(bytes))).toBe(403);
    expect(range.received()).toEqual([]);
  });
});

