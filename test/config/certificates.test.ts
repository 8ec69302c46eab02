import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { linesOf } from '../documents/lines.ts';
import { PAIR_ONE, PAIR_TWO } from '../support/certificates.ts';
import { AROUND, check, ENV, GOOD, memoryFiles } from './bad.ts';

const withTls = (tls: string): string => `${GOOD}listen:\n  tls: ${tls}\n`;
const TLS = withTls('{ cert: file:tls.crt, key: file:tls.key }');
const FILES = { 'tls.crt': PAIR_ONE.cert, 'tls.key': PAIR_ONE.key };

describe('a certificate', () => {
  test('is read with its key, from files and from the environment, for each listener', async () => {
    const text = `${TLS}admin:\n  tls: { cert: env:CERT, key: env:KEY, minVersion: "1.3" }\n`;
    const files = memoryFiles({ ...AROUND, ...FILES, 'waygate.yaml': text });
    const env = { ...ENV, CERT: PAIR_TWO.cert, KEY: PAIR_TWO.key };
    const { config, seen } = await loadConfig({ path: 'waygate.yaml', env, files });
    if (!config.ok) throw new Error(linesOf(config).join('\n'));
    expect(config.value.certificate('listen')).toEqual({
      ...PAIR_ONE,
      minVersion: 'TLSv1.2',
      endsMs: Date.parse('2126-10-31T03:50:53Z'),
    });
    expect(config.value.certificate('admin')).toMatchObject({ ...PAIR_TWO, minVersion: 'TLSv1.3' });
    expect([...seen.keys()]).toEqual(expect.arrayContaining(['file:tls.crt', 'file:tls.key']));
    expect(JSON.stringify(config.value)).not.toContain('PRIVATE KEY');
  });

  test('is none where a listener speaks plain HTTP', async () => {
    const config = await check(GOOD);
    expect(config.ok && [config.value.certificate('listen'), config.value.certificate('admin')]).toEqual([
      undefined,
      undefined,
    ]);
  });

  const encrypted = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
  }).privateKey;

  test.each([
    [
      'a certificate that is not there',
      { 'tls.key': PAIR_ONE.key },
      '10:16',
      'the file `tls.crt` cannot be read (ENOENT)',
    ],
    ['a key that is not there', { 'tls.crt': PAIR_ONE.cert }, '10:35', 'the file `tls.key` cannot be read (ENOENT)'],
    ['what is no certificate', { ...FILES, 'tls.crt': 'CANARY' }, '10:16', 'expected a certificate in PEM'],
    ['what is no key', { ...FILES, 'tls.key': 'CANARY' }, '10:35', 'expected a private key in PEM'],
    ['an encrypted key', { ...FILES, 'tls.key': encrypted }, '10:35', 'that is not encrypted'],
    ['the key of another', { ...FILES, 'tls.key': PAIR_TWO.key }, '10:35', 'not the key of the certificate'],
    [
      'a chain that breaks off',
      { ...FILES, 'tls.crt': `${PAIR_ONE.cert}-----BEGIN CERTIFICATE-----\nCANARY\n-----END CERTIFICATE-----\n` },
      '10:16',
      'OpenSSL does not take this certificate',
    ],
  ])('%s is refused in its place, and not repeated', async (_, files, place, why) => {
    const config = await check(TLS, files);
    const lines = config.ok ? [] : linesOf(config);
    expect(lines).toEqual([expect.stringContaining(place)]);
    expect(lines[0]).toContain(why);
    expect(lines[0]).not.toContain('CANARY');
  });

  test.each([
    ['the certificate itself', '{ cert: "-----BEGIN CERTIFICATE-----", key: file:tls.key }'],
    ['no key', '{ cert: file:tls.crt }'],
    ['an old version', '{ cert: file:tls.crt, key: file:tls.key, minVersion: "1.1" }'],
  ])('%s is no config', async (_, tls) => {
    expect((await check(withTls(tls), FILES)).ok).toBe(false);
  });
});
