import { expect, test } from 'vitest';
import { outboundSchema } from '../../src/outbound/schema.ts';

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
