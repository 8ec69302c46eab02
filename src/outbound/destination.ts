import { isIP } from 'node:net';
import { isLoopbackHost } from '../core/loopback.ts';
import { addressKind } from './addresses.ts';

/** What the config allows beyond public addresses. */
export interface Reach {
  /** Hosts that may lie in private networks. */
  readonly allowPrivate: readonly string[];
  readonly allowLoopback: boolean;
}

/** Why a host must not be reached at an address that it has, or undefined where it may. */
export function refusedAddress(
  host: string,
  address: string,
  { allowPrivate, allowLoopback }: Reach,
): string | undefined {
  const kind = addressKind(address);
  if (kind === 'public' || (kind === 'private' && allowPrivate.includes(host))) return undefined;
  if (kind === 'loopback' && allowLoopback && isLoopbackHost(host)) return undefined;
  return `\`${host}\` leads to the ${kind} address ${address}, which side requests may not reach; see \`outbound\` in the config`;
}

/** Why a URL must not be asked, as far as it says so itself; names are judged when they are resolved. */
export function refusedUrl(url: URL, reach: Reach): string | undefined {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const isPlainAllowed = url.protocol === 'http:' && reach.allowLoopback && isLoopbackHost(host);
  if (url.protocol !== 'https:' && !isPlainAllowed) return `\`${host}\` must be asked over https`;
  // Node asks no resolver for an address that stands in the URL, so nobody else would judge it.
  return isIP(host) === 0 ? undefined : refusedAddress(host, host, reach);
}
