import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { openKeyRing } from '../../src/signing/open.ts';
import { delegationSchema } from '../../src/signing/schema.ts';
import { makeSigningKey } from '../../src/signing/signing-key.ts';
import { memorySigningKeys, type SigningKeyStore } from '../../src/signing/store.ts';

const config = delegationSchema.parse({ issuer: 'https://gw.test', rotateDays: 1, maxSeconds: 600 });
let nowMs = 1_000_000_000_000;
let store: SigningKeyStore;
const parts = (onForeign?: (kid: string) => void) => ({
  store,
  clock: { now: () => nowMs },
  ...(onForeign && { onForeign }),
});
beforeEach(() => {
  store = memorySigningKeys();
});

async function opened(...asked: Parameters<typeof openKeyRing>) {
  const ring = await openKeyRing(...asked);
  if (typeof ring === 'string') throw new Error(ring);
  await ring.refresh();
  return ring;
}

describe('signing keys', () => {
  test('are the operator’s where there are any', async () => {
    const keys = await Promise.all([makeSigningKey('EdDSA'), makeSigningKey('ES256')]);
    const pems = keys.map(({ privateKey }) => privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    const ring = await opened(config, { keys: pems, wrapKey: undefined }, parts());
    expect(ring.published().keys.map(({ kid }) => kid)).toEqual(keys.map(({ kid }) => kid));
    expect(await store.read()).toEqual([]);
  });

  test('are generated and sealed with the wrapping key, and kept while a token may live', async () => {
    const wrapKey = randomBytes(32).toString('base64');
    const ring = await opened(config, { keys: [], wrapKey }, parts());
    expect(JSON.stringify(await store.read())).not.toContain('"d"');
    nowMs += 86_400_000 + 719_000;
    await ring.refresh();
    expect(ring.published().keys).toHaveLength(3);
    nowMs += 1_000;
    await ring.refresh();
    expect(ring.published().keys).toHaveLength(2);
    const foreign: string[] = [];
    await opened(
      config,
      { keys: [], wrapKey: randomBytes(32).toString('hex') },
      parts((kid) => foreign.push(kid)),
    );
    expect(foreign).toHaveLength(2);
  });

  test('lie open in a store that is this process’s own', async () => {
    expect((await opened(config, { keys: [], wrapKey: undefined }, parts())).published().keys).toHaveLength(2);
  });

  test('are refused in the words of the configuration', async () => {
    const good = (await makeSigningKey('ES256')).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    expect(await openKeyRing(config, { keys: [good, 'x'], wrapKey: undefined }, parts())).toContain(
      '`delegation.keys.1`: expected a private key',
    );
    expect(await openKeyRing(config, { keys: [], wrapKey: 'x' }, parts())).toContain(
      '`delegation.wrapKey`: expected 32 random bytes',
    );
  });
});
