// Section 3D: one spelling per path, and the same string for routes, policy and upstream.
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chat, openRange, type Range } from '../../support/range.ts';
import { statusOf } from '../../support/raw-http.ts';

let range: Range;
beforeAll(async () => {
  range = await openRange();
});
afterAll(() => range.close());

const send = (target: string): Promise<string> => range.shoot(chat({ bearer: range.bearer, target }));

describe('a path in any but its plain form is refused', () => {
  test.each([
    ['P-01', '/v1/../admin/x'],
    ['P-01', '/v1/chat/../chat/completions'],
    ['P-01', '/v1/./chat/completions'],
    ['P-02', '/v1/%2e%2e/admin/x'],
    ['P-02', '/v1/.%2E/admin/x'],
    ['P-03', '/v1/..%2fadmin'],
    ['P-04', '/v1/%252e%252e/admin'],
    ['P-05', '/v1\\..\\admin'],
    ['P-05', '/v1/chat\\completions'],
    ['P-06', '//admin/x'],
    ['P-06', '//evil.test/v1/chat/completions'],
    ['P-06', '///v1/chat/completions'],
    ['P-07', '/v1//chat/completions'],
    ['P-08', '/v1/chat;a=b/completions'],
    ['P-11', '/v1/chat/completions%20'],
    ['P-11', '/v1/chat/completions%09'],
    ['P-11', '/v1/chat/completions%00'],
    ['P-11', '/v1/chat/completions\t'],
    ['P-12', '/v1%2Fchat%2Fcompletions'],
    ['P-12', '/v1/chat%2fcompletions'],
    ['P-13', '/v1/%c0%af/chat'],
    ['P-13', '/v1/%ff'],
    ['P-13', '/v1/%zz'],
    ['P-13', '/v1/%'],
    ['P-13', '/v1/ch\xc3\xa4t'],
    ['P-13', '/%76%31/chat/completions'],
    ['P-14', '/v1\xef\xbc\x8fchat/completions'],
    ['P-14', '/\xef\xbd\x961/chat/completions'],
    ['P-15', '/v1/chat/completions#frag?model=x'],
    ['P-15', '/v1/chat/completions?a=1#?model=x'],
    ['P-15', '/v1/chat/completions%3Fa=1'],
    ['P-15', '/v1/chat/completions?a=\xff'],
    ['P-16', '/v1/chat/completions%23'],
    ['P-02', '/v1/%2e/chat/completions'],
    ['P-03', '/v1/%2e%2e%2fadmin'],
    ['P-05', '/v1/..%5cadmin'],
    ['P-13', '/v1/%e0%80%af/chat'],
    ['P-13', '/v1/%u002e%u002e/admin'],
    ['P-08', '/v1/chat/completions;'],
    ['P-08', '/;/v1/chat/completions'],
    ['VR-59', '//v1/chat/completions'],
  ])('%s %s', async (_, target) => {
    expect(statusOf(await send(target))).toBe(400);
    expect(range.received()).toEqual([]);
  });
});

describe('a path that is another one is no operation', () => {
  test.each([
    ['P-09', '/V1/Chat/Completions'],
    ['P-09', '/v1/chat/Completions'],
    ['P-10', '/v1/chat/completions/'],
    ['P-11', '/v1/chat/completions.'],
    ['P-11', '/v1/chat/completions..'],
    ['P-08', '/v1/chat/completions,a'],
    ['', '/v1/chat/completions:x'],
    ['', '/v1/chat'],
    ['', '/admin/api'],
    ['', '/metrics'],
    ['', '/api/decisions'],
    ['', '/readyz/x'],
  ])('%s %s', async (_, target) => {
    expect(statusOf(await send(target))).toBe(404);
    expect(range.received()).toEqual([]);
  });
});

describe('a query is the upstream’s business', () => {
  test.each([
    ['P-15', '?a=1?b'],
    ['P-15', '?url=http://evil.test/&model=forbidden'],
    ['P-15', `?${'a&'.repeat(5_000)}`],
    ['', '?a=%2e%2e%2f'],
  ])('%s %s arrives as it was, below the same path', async (_, query) => {
    expect(statusOf(await send(`/v1/chat/completions${query}`))).toBe(200);
    const [one, ...more] = range.received();
    expect(one?.url).toBe(`/v1/chat/completions${query}`);
    expect(more).toEqual([]);
  });
});

test('P-15 a query of 10,000 parameters is more than a head may hold: 431', async () => {
  expect(statusOf(await send(`/v1/chat/completions?${'a=1&'.repeat(10_000)}`))).toBe(431);
  expect(range.received()).toEqual([]);
});

test.each(['/v1/../v1/chat/completions', '/v1/models', '/v1/chat/completions'])(
  'P-01 without a token nothing is to be had at %s',
  async (target) => {
    const answer = await range.shoot(chat({ bearer: 'x', target }).replace('authorization: Bearer x', 'x-none: 1'));
    expect([400, 401, 405]).toContain(statusOf(answer));
    expect(range.received()).toEqual([]);
  },
);

test('whatever the bytes of a path, it reaches an upstream only as the path that was decided on', async () => {
  const piece = fc.constantFrom('v1', 'chat', 'completions', '/', '/', '..', '.', '%2e', '%2f', ';', '\\', '//', 'V1', '\xff');
  const path = fc.array(piece, { maxLength: 8 }).map((pieces) => `/${pieces.join('')}`);
  await fc.assert(
    fc.asyncProperty(path, async (target) => {
      const status = statusOf(await send(target));
      const urls = range.received().map(({ url }) => url);
      if (target === '/v1/chat/completions') return status === 200 && urls.length === 1;
      // The older completions: an operation too, and the pieces may spell it.
      if (target === '/v1/completions') return urls.length <= 1 && urls.every((url) => url === target);
      return (status === 400 || status === 404) && urls.length === 0;
    }),
    { numRuns: 150, examples: [['/v1/completions']] },
  );
  expect(await range.sound()).toBe(200);
});
