import { beforeEach, describe, expect, test, vi } from 'vitest';
import { RUN_KEY } from '../../src/identity/exchange-request.ts';
import { newRunKey, placeOf } from '../../src/identity/run-key.ts';
import { runKeyFinder } from '../../src/identity/run-keys.ts';
import { type Authority, authority, login } from './authority.ts';

let gw: Authority;
let key: string;
beforeEach(async () => {
  gw = await authority();
  key = await gw.child(login(), { requested_token_type: RUN_KEY });
});
const place = () => placeOf(key) ?? { tenant: '', hash: '' };
const gone = () => vi.spyOn(gw.grants, 'get').mockRejectedValue(new Error('gone'));

describe('a run key at work', () => {
  test('is looked up once for a few seconds, however many use it at once', async () => {
    const get = vi.spyOn(gw.grants, 'get');
    const all = await Promise.all([gw.who(key), gw.who(key), gw.who(key)]);
    expect(new Set(all).size).toBe(1);
    gw.clock.ms += 3_999;
    expect(gw.authenticate(key)).toBe(all[0]);
    expect(get).toHaveBeenCalledTimes(1);
    gw.clock.ms += 1;
    expect(await gw.who(key)).toBe(all[0]);
    expect(get).toHaveBeenCalledTimes(2);
  });

  test('that was dropped is refused within five seconds', async () => {
    await gw.who(key);
    await gw.grants.drop(place());
    gw.clock.ms += 5_000;
    await expect(gw.who(key)).rejects.toThrow('no run key of this gateway');
  });

  test('serves for a minute while its store is gone, and then no more', async () => {
    const principal = await gw.who(key);
    gone();
    gw.clock.ms += 59_999;
    expect(await gw.who(key)).toBe(principal);
    gw.clock.ms += 1;
    await expect(gw.who(key)).rejects.toMatchObject({ code: 'identity.unavailable', retry: true });
  });

  test('serves no longer than that by its own account either, whatever is heard of revocations', async () => {
    const find = runKeyFinder(gw.grants, gw.clock);
    const principal = await find(key);
    gone();
    gw.clock.ms += 59_999;
    expect(await find(key)).toBe(principal);
    gw.clock.ms += 1;
    await expect(find(key)).rejects.toMatchObject({ code: 'identity.unavailable' });
  });

  test('that nobody has seen is refused while its store is gone', async () => {
    gone();
    await expect(gw.who(key)).rejects.toMatchObject({ code: 'identity.unavailable' });
  });

  test('has its time, also from memory', async () => {
    const short = await gw.child(login(), { requested_token_type: RUN_KEY, expires_in: '2' });
    await gw.who(short);
    gw.clock.ms += 2_000;
    await expect(gw.who(short)).rejects.toMatchObject({ code: 'identity.expired' });
  });

  test('whose grant cannot be read is refused', async () => {
    await gw.grants.put(place(), { claims: { tenant: 'acme' }, untilMs: Infinity });
    await expect(gw.who(key)).rejects.toMatchObject({ code: 'identity.invalid' });
  });

  test.each(['wgr_', 'wgr_YWNtZQ_short', newRunKey('acme').key, newRunKey('umbrella').key])(
    'that nobody made is refused: %s',
    async (text) => {
      for (let twice = 0; twice < 2; twice += 1)
        await expect(gw.who(text)).rejects.toThrow('no run key of this gateway');
    },
  );

  test('of another tenant is no key: neither its text nor its grant can be moved', async () => {
    const moved = key.replace('YWNtZQ', Buffer.from('umbrella').toString('base64url'));
    await expect(gw.who(moved)).rejects.toThrow('no run key of this gateway');
    const claims = await gw.grants.get(place());
    if (!claims) throw new Error('no grant');
    await gw.grants.put(placeOf(moved) ?? place(), { claims, untilMs: Infinity });
    gw.clock.ms += 5_000;
    await expect(gw.who(moved)).rejects.toThrow('no run key of this gateway');
  });
});
