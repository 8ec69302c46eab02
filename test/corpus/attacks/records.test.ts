// What attacks leave behind: one entry each in the audit, and nothing of a secret anywhere.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chat, mcp, openRange, type Range } from '../../support/range.ts';
import { statusOf } from '../../support/raw-http.ts';

let range: Range;
beforeAll(async () => {
  range = await openRange();
});
afterAll(() => range.close());

interface Entry {
  readonly kind: string;
  readonly call?: string;
  readonly error?: { readonly code: string };
}

function lines(): readonly string[] {
  const dir = join(range.gateway.dir, 'audit');
  return readdirSync(dir).flatMap((file) => readFileSync(join(dir, file), 'utf8').trim().split('\n'));
}
const entries = (): readonly Entry[] =>
  lines()
    .map((line) => JSON.parse(line) as Entry)
    .filter(({ call }) => call);

const danger = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'danger', arguments: {} } };

describe('a refused request leaves one entry that says why', () => {
  test.each<[string, () => string, string]>([
    ['a token that is none', () => chat({ bearer: 'x' }), 'identity.invalid'],
    ['no such operation', () => chat({ bearer: range.bearer, target: '/v1/chat' }), 'route.operation'],
    ['a key twice', () => chat({ bearer: range.bearer, body: '{"model":"a","model":"b"}' }), 'request.invalid'],
    ['a type of its own', () => chat({ bearer: range.bearer, type: 'text/plain' }), 'request.invalid'],
    [
      'a coding of its own',
      () => chat({ bearer: range.bearer, fields: ['content-encoding: deflate'] }),
      'request.encoding',
    ],
    [
      'too large',
      () => chat({ bearer: range.bearer, body: '' }).replace('length: 0', 'length: 99999999'),
      'request.too_large',
    ],
    [
      'a model that is forbidden',
      () => chat({ bearer: range.bearer, body: '{"model":"forbidden","messages":[]}' }),
      'policy.denied',
    ],
    ['a tool that is forbidden', () => mcp({ bearer: range.bearer }, danger), 'policy.denied'],
    ['a batch', () => mcp({ bearer: range.bearer }, [danger]), 'request.invalid'],
    [
      'a name in the header that is another',
      () => mcp({ bearer: range.bearer, fields: ['mcp-method: tools/list'] }, danger),
      'request.mismatch',
    ],
  ])('%s', async (_, request, code) => {
    const before = entries().length;
    await range.shoot(request());
    await expect.poll(() => entries().length).toBe(before + 1);
    expect(entries().at(-1)).toMatchObject({ kind: 'refusal', error: { code } });
    expect(range.received()).toEqual([]);
  });
});

test('what is no request that can be read in one way leaves none: nobody is known to have sent it', async () => {
  const before = entries().length;
  for (const bytes of [
    'GET /v1/../admin HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n',
    'GET /v1/models HTTP/1.1\r\nhost: localhost\r\nhost: localhost\r\nconnection: close\r\n\r\n',
    'no request\r\n\r\n',
  ])
    expect(statusOf(await range.shoot(bytes))).toBe(400);
  expect(statusOf(await range.shoot(chat({ bearer: 'x' })))).toBe(401);
  await expect.poll(() => entries().length).toBe(before + 1);
});

test('K-06 a key in a query stands in no entry and in no metric', async () => {
  const canary = 'CANARY-7d1f0a93c4';
  for (const name of ['api_key', 'key', 'access_token', 'token', 'x']) {
    for (const target of [`/v1/chat/completions?${name}=${canary}`, `/nowhere/${canary}?${name}=${canary}`])
      await range.shoot(chat({ bearer: range.bearer, target }));
  }
  await range.shoot(chat({ bearer: canary }));
  range.received();
  const metrics = await range.gateway.waygate.telemetry.prometheusText();
  expect(metrics).toContain('waygate_');
  expect(metrics).not.toContain(canary);
  expect(lines().filter((line) => line.includes(`=${canary}`))).toEqual([]);
  expect(lines().join('\n')).not.toContain(range.bearer.slice(-20));
});
