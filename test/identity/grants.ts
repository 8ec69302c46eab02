// What every store of grants must do. Run on memory and on Redis.
import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import type { GrantPlace, GrantStore } from '../../src/identity/grant-store.ts';

/** A clock that both the test and the store go by. */
interface TestClock {
  ms: number;
  now(): number;
}

export function grantContract(name: string, make: (clock: TestClock) => GrantStore): void {
  describe(`the contract of grants: ${name}`, () => {
    // The server's own clock ends what is kept in Redis.
    const clock: TestClock = { ms: 0, now: () => clock.ms };
    const store = make(clock);
    let place: GrantPlace;
    beforeEach(() => {
      clock.ms = Date.now();
      place = { tenant: `t/${randomUUID()}`, hash: randomUUID() };
    });
    const claims = { sub: 'alice', nested: { list: [1, 'ä'] } };

    test('what was put is there, in its tenant alone', async () => {
      expect(await store.get(place)).toBeUndefined();
      await store.put(place, { claims, untilMs: clock.ms + 60_000 });
      expect(await store.get(place)).toEqual(claims);
      expect(await store.get({ ...place, tenant: 'other' })).toBeUndefined();
      expect(await store.get({ ...place, hash: 'other' })).toBeUndefined();
    });

    test('a tenant without a name has a part of its own', async () => {
      await store.put({ ...place, tenant: '' }, { claims, untilMs: clock.ms + 60_000 });
      expect(await store.get({ ...place, tenant: '' })).toEqual(claims);
    });

    test('what was dropped is gone, and dropping it again changes nothing', async () => {
      await store.put(place, { claims, untilMs: clock.ms + 60_000 });
      await store.drop(place);
      await store.drop(place);
      expect(await store.get(place)).toBeUndefined();
    });

    test('what has had its time is gone', async () => {
      await store.put(place, { claims, untilMs: clock.ms - 1 });
      expect(await store.get(place)).toBeUndefined();
      await store.put({ ...place, hash: 'next' }, { claims, untilMs: clock.ms + 60_000.5 });
      expect(await store.get({ ...place, hash: 'next' })).toEqual(claims);
    });

    test('an id is denied until its time, and for the longest time that was said', async () => {
      const [one, other] = [randomUUID(), randomUUID()];
      await store.deny(one, clock.ms + 1_000);
      await store.deny(other, clock.ms + 5_000);
      await store.deny(other, clock.ms + 2_000.5);
      expect(await store.denied()).toEqual(expect.arrayContaining([one, other]));
      clock.ms += 3_000;
      const later = await store.denied();
      expect(later).not.toContain(one);
      expect(later).toContain(other);
      clock.ms += 2_000;
      await store.deny(randomUUID(), clock.ms + 1);
      expect(await store.denied()).not.toContain(other);
    });
  });
}
