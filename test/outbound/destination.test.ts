import { describe, expect, test } from 'vitest';
import { refusedAddress, refusedUrl } from '../../src/outbound/destination.ts';

const reach = { allowPrivate: ['idp.internal', '10.9.9.9', 'fd12::1'], allowLoopback: false };

describe('a host', () => {
  test.each([
    ['idp.internal', '10.1.2.3'],
    ['idp.internal', 'fd00::1'],
    ['idp.internal', '8.8.8.8'],
    ['anybody.test', '8.8.8.8'],
  ])('%s may be reached at %s', (host, address) => {
    expect(refusedAddress(host, address, reach)).toBeUndefined();
  });

  test.each([
    ['other.internal', '10.1.2.3', 'private'],
    ['sub.idp.internal', '10.1.2.3', 'private'],
    ['idp.internal', '169.254.169.254', 'forbidden'],
    ['idp.internal', '127.0.0.1', 'loopback'],
    ['localhost', '127.0.0.1', 'loopback'],
  ])('%s may not be reached at %s, which is %s', (host, address, kind) => {
    expect(refusedAddress(host, address, reach)).toContain(`\`${host}\` leads to the ${kind} address ${address}`);
  });

  test('of this machine may be reached where loopback is allowed, by its own name only', () => {
    const local = { ...reach, allowLoopback: true };
    expect(refusedAddress('localhost', '127.0.0.1', local)).toBeUndefined();
    expect(refusedAddress('idp.internal', '127.0.0.1', local)).toContain('loopback');
    expect(refusedAddress('localhost', '10.0.0.1', local)).toContain('private');
  });
});

describe('a URL', () => {
  test.each(['https://idp.test/jwks', 'https://10.9.9.9/', 'https://[fd12::1]/', 'https://8.8.8.8/'])(
    '%s may be asked',
    (url) => {
      expect(refusedUrl(new URL(url), reach)).toBeUndefined();
    },
  );

  test.each(['https://10.9.9.8/', 'https://[fd12::2]/', 'https://169.254.169.254/', 'https://127.0.0.1/'])(
    '%s may not be asked',
    (url) => {
      expect(refusedUrl(new URL(url), reach)).toContain('may not reach');
    },
  );

  test('may be asked in plain text on loopback alone', () => {
    const local = { ...reach, allowLoopback: true };
    expect(refusedUrl(new URL('http://127.0.0.1:9/'), local)).toBeUndefined();
    expect(refusedUrl(new URL('http://127.0.0.1:9/'), reach)).toContain('over https');
    expect(refusedUrl(new URL('http://idp.internal/'), local)).toContain('over https');
  });
});
