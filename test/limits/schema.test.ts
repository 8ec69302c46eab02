import { describe, expect, test } from 'vitest';
import { storeSchema } from '../../src/limits/schema.ts';

const problems = (store: unknown): string[] =>
  storeSchema.safeParse(store).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];

describe('the store in the config', () => {
  test('is memory, with nothing to say of it', () => {
    expect(storeSchema.parse({ kind: 'memory' })).toEqual({ kind: 'memory' });
    expect(problems({ kind: 'memory', url: 'redis://host' })).not.toEqual([]);
  });

  test('is redis, with a deadline and a lease where none are given', () => {
    const defaults = { commandTimeoutMs: 150, leaseMs: 60_000 };
    for (const url of ['env:REDIS_URL', 'file:/run/redis-url', 'redis://host:6379/1', 'rediss://host']) {
      expect(storeSchema.parse({ kind: 'redis', url })).toEqual({ kind: 'redis', url, ...defaults });
    }
  });

  test('may name a sentinel or a cluster, not both', () => {
    const sentinel = { name: 'ledger', nodes: ['a:26379', '[::1]:26379'] };
    const cluster = { nodes: ['a:6379'] };
    expect(problems({ kind: 'redis', url: 'env:R', sentinel })).toEqual([]);
    expect(problems({ kind: 'redis', url: 'env:R', cluster })).toEqual([]);
    expect(problems({ kind: 'redis', url: 'env:R', cluster, sentinel })).toEqual([
      'cluster: expected `sentinel` or `cluster`, not both',
    ]);
    expect(problems({ kind: 'redis', url: 'env:R', cluster: { nodes: ['a'] } })).toEqual([
      'cluster.nodes.0: expected `host:port`',
    ]);
    expect(problems({ kind: 'redis', url: 'env:R', cluster: { nodes: [] } })).not.toEqual([]);
  });

  test.each(['', 'host', 'http://host', 'redis://user:secret@host', 'redis://:secret@host'])(
    'never holds `%s` as its url, and does not repeat it',
    (url) => {
      expect(problems({ kind: 'redis', url })).toEqual([
        'url: expected `redis://host:port` without a password, or a reference such as `env:REDIS_URL` to the whole address',
      ]);
    },
  );

  test('cannot wait for the store longer than a decision may take', () => {
    expect(problems({ kind: 'redis', url: 'env:R', commandTimeoutMs: 200 })).toEqual([]);
    expect(problems({ kind: 'redis', url: 'env:R', commandTimeoutMs: 201 })).not.toEqual([]);
    expect(problems({ kind: 'redis', url: 'env:R', leaseMs: 3_600_001 })).not.toEqual([]);
    expect(problems({ kind: 'redis', url: 'env:R', leaseMs: 100 })).not.toEqual([]);
    expect(problems({ kind: 'redis', url: 'env:R', unknown: 1 })).not.toEqual([]);
    expect(problems({ kind: 'valkey', url: 'env:R' })).not.toEqual([]);
  });
});
