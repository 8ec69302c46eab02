import { describe, expect, test } from 'vitest';
import { keyHash } from '../../src/identity/api-keys.ts';
import { newRunKey, placeOf } from '../../src/identity/run-key.ts';

describe('a run key', () => {
  test.each(['acme', 'a/b_c', 'Ä ö', '_', '-_-', 'x'.repeat(256)])(
    'says where it lies, for the tenant %s',
    (tenant) => {
      const { key, place } = newRunKey(tenant);
      expect(placeOf(key)).toEqual(place);
      expect(placeOf(key)).toEqual({ tenant, hash: keyHash(key) });
      expect(newRunKey(tenant).key).not.toBe(key);
    },
  );

  const good = newRunKey('acme').key;
  test.each([
    'wgr_',
    'wgr__',
    `${good}x`,
    good.slice(0, -1),
    good.replace('wgr_', 'wgk_'),
    good.replace('YWNtZQ', 'YWNtZR'),
    good.replace('YWNtZQ', 'YWNtZQ='),
    good.replace('YWNtZQ', '_w'),
  ])('is none in another spelling: %s', (key) => {
    expect(placeOf(key)).toBeUndefined();
  });
});
