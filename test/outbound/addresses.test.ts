import { describe, expect, test } from 'vitest';
import { addressKind } from '../../src/outbound/addresses.ts';

describe('an address', () => {
  test.each([
    '8.8.8.8',
    '1.1.1.1',
    '172.15.0.1',
    '172.32.0.1',
    '11.0.0.1',
    '223.255.255.255',
    '2606:4700::1111',
    '2a00::1',
    '::ffff:8.8.8.8',
    '64:ff9b::808:808',
  ])('%s is public', (address) => {
    expect(addressKind(address)).toBe('public');
  });

  test.each([
    '10.0.0.1',
    '10.255.255.255',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '100.64.0.1',
    '100.127.255.255',
    'fc00::1',
    'fd12:3456::1',
    '::ffff:10.0.0.1',
    '::ffff:a00:1',
    '64:ff9b::10.0.0.1',
    '64:ff9b::c0a8:101',
  ])('%s is private', (address) => {
    expect(addressKind(address)).toBe('private');
  });

  test.each(['127.0.0.1', '127.255.255.254', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1', '64:ff9b::7f00:1'])(
    '%s is loopback',
    (address) => {
      expect(addressKind(address)).toBe('loopback');
    },
  );

  test.each([
    ['the unspecified address', '0.0.0.0'],
    ['this network', '0.1.2.3'],
    ['the unspecified IPv6 address', '::'],
    ['IPv4-compatible', '::10.0.0.1'],
    ['cloud metadata', '169.254.169.254'],
    ['mapped cloud metadata', '::ffff:a9fe:a9fe'],
    ['cloud metadata through NAT64', '64:ff9b::a9fe:a9fe'],
    ['cloud metadata through local NAT64', '64:ff9b:1::a9fe:a9fe'],
    ['AWS metadata over IPv6', 'fd00:ec2::254'],
    ['Google metadata over IPv6', 'fd20:ce::254'],
    ['Alibaba metadata', '100.100.100.200'],
    ['Oracle metadata', '192.0.0.192'],
    ['the Azure host', '168.63.129.16'],
    ['link-local', 'fe80::1'],
    ['link-local with a zone', 'fe80::1%eth0'],
    ['a public address with a zone', '2606:4700::1111%eth0'],
    ['site-local', 'fec0::1'],
    ['multicast', '224.0.0.1'],
    ['IPv6 multicast', 'ff02::1'],
    ['reserved', '240.0.0.1'],
    ['broadcast', '255.255.255.255'],
    ['documentation', '192.0.2.1'],
    ['documentation', '198.51.100.1'],
    ['documentation', '203.0.113.1'],
    ['documentation', '2001:db8::1'],
    ['benchmarks', '198.18.0.1'],
    ['6to4 of a private address', '2002:a00:1::1'],
    ['Teredo', '2001:0:4136:e378::1'],
    ['discard', '100::1'],
    ['no address', 'localhost'],
    ['no address', '127.1'],
    ['no address', '2130706433'],
    ['no address', ''],
  ])('that is %s (%s) is forbidden', (_, address) => {
    expect(addressKind(address)).toBe('forbidden');
  });
});
