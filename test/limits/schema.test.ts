import { describe, expect, test } from 'vitest';
import { failureSchema, storeSchema } from '../../src/limits/schema.ts';

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

describe('what becomes of calls while the store does not answer', () => {
  const LOCAL = { store: 'local', rate: '60/min', total: '1000/h', budget: '0.50 USD', for: '10min' };
  const faults = (failure: unknown): string[] =>
    failureSchema.safeParse(failure).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];

  test('is that they are refused, unless every bound of a local mode is given', () => {
    expect(failureSchema.parse(undefined)).toEqual({ store: 'closed' });
    expect(failureSchema.parse(LOCAL)).toEqual({
      store: 'local',
      rate: { amount: 60, ms: 60_000 },
      total: { amount: 1_000, ms: 3_600_000 },
      budget: 500_000,
      for: 600_000,
    });
    for (const bound of ['rate', 'total', 'budget', 'for']) {
      expect(faults({ ...LOCAL, [bound]: undefined }), bound).toHaveLength(1);
    }
    expect(faults({ store: 'closed', rate: '60/min' })).not.toEqual([]);
    expect(faults({ store: 'open' })).not.toEqual([]);
  });

  test.each([
    ['rate', '0/min', 'expected a rate like `60/min`, `10/s` or `1000/h`'],
    ['total', '10/d', 'expected a rate like `60/min`, `10/s` or `1000/h`'],
    ['budget', '5 EUR', 'expected an amount like `5 USD`'],
    ['for', '61min', 'expected a time like `90s` or `10min`, up to `1h`'],
    ['for', '0s', 'expected a time like `90s` or `10min`, up to `1h`'],
  ])('takes no `%s: %s`', (bound, value, message) => {
    expect(faults({ ...LOCAL, [bound]: value })).toEqual([`${bound}: ${message}`]);
  });
});
