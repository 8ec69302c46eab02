import { expect, test } from 'vitest';
import { isLoopbackHost } from '../../src/core/loopback.ts';

test.each(['localhost', '127.0.0.1', '127.255.1.2', '::1', '[::1]'])('`%s` is this machine alone', (host) => {
  expect(isLoopbackHost(host)).toBe(true);
});

test.each([
  '0.0.0.0',
  '::',
  '',
  '128.0.0.1',
  '127.1',
  '127.0.0.1.evil.test',
  'localhost.evil.test',
  'evil.localhost',
  '::ffff:127.0.0.1',
  ' 127.0.0.1',
  'LOCALHOST.',
])('`%s` may be reached by others', (host) => {
  expect(isLoopbackHost(host)).toBe(false);
});
