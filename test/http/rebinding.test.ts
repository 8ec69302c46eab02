import { describe, expect, test } from 'vitest';
import { hostCheck, originCheck } from '../../src/http/rebinding.ts';

describe('Host, on a listener of loopback', () => {
  const check = hostCheck('127.0.0.1');

  test.each(['127.0.0.1', '127.0.0.1:4000', 'localhost:4000', 'LocalHost', '127.8.9.1:1', '[::1]:4000', '[::1]'])(
    '`%s` is this machine',
    (host) => {
      expect(() => check({ host })).not.toThrow();
    },
  );

  test.each([
    'evil.test',
    'evil.test:4000',
    '127.0.0.1.evil.test',
    'localhost.evil.test:4000',
    '10.0.0.1',
    '[::2]',
    '',
  ])('`%s` may be a name that a web page had rebound', (host) => {
    expect(() => check({ host })).toThrow(expect.objectContaining({ status: 403 }));
  });

  test('a request without it is refused', () => {
    expect(() => check({})).toThrow(expect.objectContaining({ status: 403 }));
  });

  test('a very long one is not repeated in full', () => {
    expect(() => check({ host: 'a'.repeat(9_000) })).toThrow(/^.{0,400}$/);
  });
});

test.each(['127.0.0.1:4000:1', '127.0.0.1@evil.test', 'a b', 'a/b', '[::1', '[::1]x', 'a:port'])(
  '`%s` names no host, and is refused by every listener',
  (host) => {
    for (const listenHost of ['127.0.0.1', '0.0.0.0']) {
      expect(() => hostCheck(listenHost)({ host })).toThrow(expect.objectContaining({ code: 'request.invalid' }));
    }
  },
);

test('a listener that others can reach answers to any Host', () => {
  for (const listenHost of ['0.0.0.0', '::', '10.0.0.1', 'gateway.internal']) {
    expect(() => hostCheck(listenHost)({ host: 'agents.example' })).not.toThrow();
  }
});

describe('Origin', () => {
  test('a client without one is no web page', () => {
    for (const listenHost of ['127.0.0.1', '0.0.0.0']) expect(() => originCheck(listenHost)({})).not.toThrow();
  });

  test.each(['http://localhost:6274', 'http://127.0.0.1', 'https://[::1]:8443'])(
    'a page of `%s` may speak to a gateway on loopback',
    (origin) => {
      expect(() => originCheck('127.0.0.1')({ origin })).not.toThrow();
      expect(() => originCheck('0.0.0.0')({ origin })).toThrow(expect.objectContaining({ status: 403 }));
    },
  );

  test.each([
    'http://evil.test',
    'null',
    '',
    'http://gw.evil.test:4000',
    'http://localhost.evil.test',
    'http://localhost@evil.test',
    'http://localhost/x',
    'file://localhost',
  ])('a page of `%s` may not', (origin) => {
    for (const listenHost of ['127.0.0.1', '0.0.0.0']) {
      expect(() => originCheck(listenHost)({ origin })).toThrow(expect.objectContaining({ status: 403 }));
    }
  });
});
