import { describe, expect, test } from 'vitest';
import { parseNode, parseRedisUrl } from '../../src/limits/redis-address.ts';

describe('the address of redis', () => {
  test.each([
    ['redis://host', { host: 'host', port: 6379, db: 0 }],
    ['redis://host:7000/', { host: 'host', port: 7000, db: 0 }],
    ['redis://[::1]:7000/2', { host: '::1', port: 7000, db: 2 }],
    ['rediss://host', { host: 'host', port: 6379, db: 0, tls: {} }],
    ['redis://:p%40ss@host', { host: 'host', port: 6379, db: 0, password: 'p@ss' }],
    ['redis://user:pass@host', { host: 'host', port: 6379, db: 0, username: 'user', password: 'pass' }],
  ])('%s is read', (text, address) => {
    expect(parseRedisUrl(text)).toEqual(address);
  });

  test.each([
    '',
    'host',
    'http://host',
    'redis://',
    'redis://host/name',
    'redis://host?x=1',
    'redis://host:99999',
    'redis:///1',
  ])('`%s` is none', (text) => {
    expect(parseRedisUrl(text)).toBeUndefined();
  });

  test.each([
    ['host:26379', { host: 'host', port: 26379 }],
    ['[::1]:1', { host: '::1', port: 1 }],
  ])('%s is a node', (text, node) => {
    expect(parseNode(text)).toEqual(node);
  });

  test.each(['host', 'host:', ':1', 'user@host:1', 'host:1/2', 'host:99999', 'a b:1'])('`%s` is no node', (text) => {
    expect(parseNode(text)).toBeUndefined();
  });
});
