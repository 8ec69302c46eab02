// Two gateways on one real Redis: what one makes or ends, the other knows.
import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeEach, expect, inject, test } from 'vitest';
import { RUN_KEY } from '../../src/identity/exchange-request.ts';
import { redisGrants, redisProofs } from '../../src/identity/redis.ts';
import { redisSigningKeys } from '../../src/signing/redis.ts';
import { jweSealer } from '../../src/signing/sealer.ts';
import { type Authority, authority, GATEWAY, login, proof } from './authority.ts';
import { ecPair, HandClock } from './issuer.ts';

const redis = new Redis(inject('redisUrl'), { db: 12 });
const clock = new HandClock();
const seconds = (): number => Math.floor(clock.ms / 1_000);
const fresh = (): string => login({ iat: seconds(), exp: seconds() + 3_000 });
const wrapKey = randomBytes(32);
let one: Authority;
let other: Authority;

afterAll(async () => {
  await redis.del('wg:signing:keys', 'wg:revoked');
  redis.disconnect();
});
beforeEach(async () => {
  // What is kept in Redis ends by the server's own clock.
  clock.ms = Date.now();
  await redis.del('wg:signing:keys', 'wg:revoked');
  const replica = (): Promise<Authority> =>
    authority(
      {},
      {
        clock,
        signingKeys: redisSigningKeys(redis),
        sealer: jweSealer(wrapKey),
        grants: redisGrants(redis, clock),
        isFirst: redisProofs(redis),
      },
    );
  one = await replica();
  other = await replica();
});

test.each([{}, { requested_token_type: RUN_KEY }])(
  'what one made the other takes, until one ends it: %j',
  async (kind) => {
    const root = await one.child(fresh(), { agent_name: 'root' });
    const token = await other.child(root, { agent_name: 'a', ...kind });
    expect(await one.who(token)).toMatchObject({ agent: 'a', subject: 'alice', tenant: 'acme' });
    expect(await other.who(token)).toMatchObject({ agent: 'a' });
    expect(await one.post('/oauth/revoke', { token })).toMatchObject({ status: 200 });
    await expect(one.who(token)).rejects.toThrow('revoked');
    await other.later(2_000);
    await expect(other.who(token)).rejects.toThrow('revoked');
    expect(await other.who(root)).toBeDefined();
  },
);

test('a proof that one was shown the other does not take', async () => {
  const key = ecPair('holder');
  const made = await one.exchange(fresh(), {}, { dpop: proof(key, { claims: { iat: seconds() } }) });
  const token = made.body['access_token'] as string;
  const claims = { iat: seconds(), htu: `${GATEWAY}/v1/messages` };
  const headers = { authorization: `DPoP ${token}`, dpop: proof(key, { token, claims }) };
  const request = { method: 'POST', path: '/v1/messages', headers };
  expect(await one.identify(request)).toMatchObject({ subject: 'alice' });
  await expect(Promise.resolve(other.identify(request))).rejects.toThrow('shown before');
});

test('nothing in the store is a credential', async () => {
  const key = await one.child(fresh(), { requested_token_type: RUN_KEY });
  const token = await one.child(key);
  const names = await redis.keys('wg:*');
  const kept: string[] = [...names];
  for (const name of names) {
    const type = await redis.type(name);
    kept.push(type === 'string' ? ((await redis.get(name)) ?? '') : (await redis.zrange(name, '0', '-1')).join(' '));
  }
  const secret = key.split('_').at(-1) as string;
  const all = kept.join('\n');
  expect(all).toContain('"sub":"alice"');
  for (const text of [secret, token.split('.')[2] as string, '"d":']) expect(all).not.toContain(text);
});
