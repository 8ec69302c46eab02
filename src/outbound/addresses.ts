import { BlockList, isIP } from 'node:net';

/** What kind of place an address is. `forbidden` is what no side request ever has a reason to reach. */
export type AddressKind = 'public' | 'private' | 'loopback' | 'forbidden';

// RFC 6890 and its registries, and the metadata services of clouds, which hand out credentials to whoever asks.
const LOOPBACK = ['127.0.0.0/8', '::1/128'];
const PRIVATE = ['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'];
const FORBIDDEN = [
  '0.0.0.0/8',
  '169.254.0.0/16',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
  '100.100.100.200/32',
  '168.63.129.16/32',
  'fd00:ec2::254/128',
  'fd20:ce::254/128',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
];
// Of IPv6 only global unicast is public, and IPv4 inside IPv6, which is judged as IPv4 (RFC 4291 §2.5.5.2, RFC 6052).
const GLOBAL_IPV6 = ['2000::/3', '::ffff:0:0/96', '64:ff9b::/96'];

const loopback = blockList(LOOPBACK);
const privates = blockList(PRIVATE);
const forbidden = blockList(FORBIDDEN);
const globalIpv6 = blockList(GLOBAL_IPV6);

function blockList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [network = '', prefix = ''] = range.split('/');
    if (isIP(network) === 6) {
      list.addSubnet(network, Number(prefix), 'ipv6');
      continue;
    }
    // The list sees through `::ffff:a.b.c.d` by itself, but not through NAT64.
    list.addSubnet(network, Number(prefix), 'ipv4');
    list.addSubnet(`64:ff9b::${network}`, 96 + Number(prefix), 'ipv6');
  }
  return list;
}

/** The kind of an IP address in text, IPv6 without brackets; whatever is no address is forbidden. */
export function addressKind(address: string): AddressKind {
  const version = isIP(address);
  if (version === 0 || address.includes('%')) return 'forbidden';
  const family = version === 6 ? 'ipv6' : 'ipv4';
  if (forbidden.check(address, family)) return 'forbidden';
  if (loopback.check(address, family)) return 'loopback';
  if (privates.check(address, family)) return 'private';
  return version === 4 || globalIpv6.check(address, family) ? 'public' : 'forbidden';
}
