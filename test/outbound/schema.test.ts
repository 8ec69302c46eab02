import { expect, test } from 'vitest';
import { outboundSchema, webhookSchema } from '../../src/outbound/schema.ts';

test('side requests reach nothing but public addresses unless the config says so', () => {
  expect(outboundSchema.parse({})).toEqual({ allowPrivate: [], allowLoopback: false });
});

test.each(['idp.internal', '10.0.0.1', 'fd12::1', 'localhost'])('`%s` is a host', (host) => {
  expect(outboundSchema.parse({ allowPrivate: [host] }).allowPrivate).toEqual([host]);
});

test.each(['https://idp.internal', 'idp.internal/', 'IDP.internal', '[fd12::1]', '', '*.internal'])(
  '`%s` is no host',
  (host) => {
    expect(outboundSchema.safeParse({ allowPrivate: [host] }).success).toBe(false);
  },
);

test.each([
  [{ url: 'https://hooks.example.com/x' }, true],
  [{ url: 'http://127.0.0.1:9000/x', secret: 'env:HOOK_SECRET' }, true],
  [{ url: 'ftp://hooks.example.com/x' }, false],
  [{ url: 'hooks.example.com' }, false],
  [{ url: 'https://hooks.example.com/x', secret: 'whsec_plain' }, false],
  [{}, false],
])('a webhook %j is %s', (value, isSound) => {
  expect(webhookSchema.safeParse(value).success).toBe(isSound);
});
