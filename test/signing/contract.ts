// What every store of signing keys must do. Run on memory and on Redis.
import { describe, expect, test } from 'vitest';
import type { KeptKey, SigningKeyStore } from '../../src/signing/store.ts';

const kept = (kid: string): KeptKey => ({ kid, fromMs: 1, sealed: `sealed ${kid}` });

export function signingKeyContract(name: string, make: () => Promise<SigningKeyStore>): void {
  describe(`the contract of signing keys: ${name}`, () => {
    test('holds nothing at first, then what was put there', async () => {
      const store = await make();
      expect(await store.read()).toEqual([]);
      expect(await store.replace([], [kept('a')])).toBe(true);
      expect(await store.read()).toEqual([kept('a')]);
    });

    test('of two replicas that change it at once, one is told to look again', async () => {
      const store = await make();
      const won = await Promise.all([store.replace([], [kept('a')]), store.replace([], [kept('b')])]);
      expect(won.filter(Boolean)).toHaveLength(1);
      expect(await store.replace([kept('c')], [kept('d')])).toBe(false);
      expect(await store.read()).toEqual([kept(won[0] ? 'a' : 'b')]);
    });
  });
}
