// Keys for clients that cannot get tokens: `wgk_<id>_<secret>`, of which the gateway knows only the hash.
import { hash, timingSafeEqual } from 'node:crypto';
import { GatewayError } from '../core/errors.ts';
import { type Principal, principalId, ROLLBACK_AGENT } from '../core/principal.ts';
import { invalidToken } from './refusals.ts';
import type { KeyEntry } from './schema.ts';

/** What every API key begins with, and no token can. */
export const KEY_PREFIX = 'wgk_';
const KEY = /^wgk_([a-z0-9]{8,32})_[A-Za-z0-9_-]{43}$/;

/** Who an API key stands for, at a moment in milliseconds. Throws `identity.invalid` and `identity.expired`. */
export type FindKey = (key: string, nowMs: number) => Principal;

/** SHA-256 of a whole key, in hex. The secret has 256 random bits, so a slow or salted hash would add nothing. */
export function keyHash(key: string): string {
  return hash('sha256', key, 'hex');
}

interface KnownKey {
  readonly principal: Principal;
  readonly revoked: boolean;
  readonly secrets: readonly { readonly hash: Buffer; readonly untilMs: number }[];
}

/** Compiles the keys of the file: one look-up by id and a comparison in constant time per use. */
export function keyRing(entries: readonly KeyEntry[]): FindKey {
  const byId = new Map(entries.map((entry) => [entry.id, knownKey(entry)]));
  return function find(key, nowMs) {
    const known = byId.get(KEY.exec(key)?.[1] ?? '');
    const shown = hash('sha256', key, 'buffer');
    const secret = known?.secrets.find((one) => timingSafeEqual(one.hash, shown));
    if (!known || !secret) throw invalidToken('it is no API key of this gateway');
    if (known.principal.agent === ROLLBACK_AGENT)
      throw invalidToken('its agent has a name that the gateway keeps for itself');
    if (known.revoked) throw invalidToken('this API key has been revoked');
    if (nowMs < secret.untilMs) return known.principal;
    throw new GatewayError(
      'identity.expired',
      'this API key has expired or was rotated; ask for a new one (`waygate keys rotate`)',
    );
  };
}

function knownKey(entry: KeyEntry): KnownKey {
  const { subject, tenant, agent = '', previous } = entry;
  const expiresAtMs = entry.expires === undefined ? Infinity : Date.parse(entry.expires);
  const secrets = [{ hash: Buffer.from(entry.hash, 'hex'), untilMs: expiresAtMs }];
  if (previous) {
    secrets.push({
      hash: Buffer.from(previous.hash, 'hex'),
      untilMs: Math.min(Date.parse(previous.until), expiresAtMs),
    });
  }
  const principal: Principal = Object.freeze({
    id: principalId(tenant, subject, agent),
    subject,
    tenant,
    agent,
    actors: Object.freeze([]),
    credential: 'key',
    issuer: 'keys',
    scopes: Object.freeze([...entry.scopes]),
    expiresAtMs,
  });
  return { principal, revoked: entry.revoked !== undefined, secrets };
}
