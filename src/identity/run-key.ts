// Run keys: `wgr_<tenant>_<secret>`, for clients that take one static key. Only their hashes are kept.
import { hash, randomInt } from 'node:crypto';
import type { GrantPlace } from './grant-store.ts';

/** What every run key begins with. */
export const RUN_KEY_PREFIX = 'wgr_';
const RUN_KEY = /^wgr_([A-Za-z0-9_-]+)_([A-Za-z0-9]{43})$/;
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const SECRET_LENGTH = 43;

/** A new run key: 256 random bits, and its tenant, in whose part of the store it lies. */
export function newRunKey(tenant: string): { readonly key: string; readonly place: GrantPlace } {
  const secret = Array.from({ length: SECRET_LENGTH }, () => LETTERS[randomInt(LETTERS.length)]).join('');
  const key = `${RUN_KEY_PREFIX}${Buffer.from(tenant).toString('base64url')}_${secret}`;
  return { key, place: { tenant, hash: hash('sha256', key, 'hex') } };
}

/** Where a run key is kept; undefined for a text that is none. */
export function placeOf(key: string): GrantPlace | undefined {
  const encoded = RUN_KEY.exec(key)?.[1];
  if (encoded === undefined) return undefined;
  const tenant = Buffer.from(encoded, 'base64url').toString('utf8');
  if (Buffer.from(tenant).toString('base64url') !== encoded) return undefined;
  return { tenant, hash: hash('sha256', key, 'hex') };
}
