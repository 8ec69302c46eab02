// What `waygate keys` does to the keys of the file. Pure but for the randomness of new secrets; the file is keys-file.ts.
import { randomBytes } from 'node:crypto';
import { KEY_PREFIX, keyHash } from './api-keys.ts';
import type { KeyEntry } from './schema.ts';

/** Whom a new key stands for. */
export interface NewKey {
  readonly subject: string;
  readonly tenant: string;
  readonly agent?: string;
  readonly scopes?: readonly string[];
  /** Milliseconds since the epoch. */
  readonly expiresAtMs?: number;
  readonly nowMs: number;
}

/** The keys as they shall be, and the new key, which is shown once and kept nowhere. */
export interface KeyMade {
  readonly keys: readonly KeyEntry[];
  readonly id: string;
  readonly key: string;
}

/** Why a change was not made: public, with what to do instead. */
export interface KeyProblem {
  readonly problem: string;
}

/** A key as it may be shown: without its hash. */
export interface KeyListing extends Omit<KeyEntry, 'hash' | 'previous'> {
  /** `rotating` while the secret before the last rotation still works. */
  readonly state: 'active' | 'rotating' | 'expired' | 'revoked';
}

const ID_BYTES = 6;
const SECRET_BYTES = 32;

export function createKey(keys: readonly KeyEntry[], wanted: NewKey): KeyMade {
  const id = randomBytes(ID_BYTES).toString('hex');
  const key = newSecret(id);
  const entry: KeyEntry = {
    id,
    hash: keyHash(key),
    subject: wanted.subject,
    tenant: wanted.tenant,
    ...(wanted.agent !== undefined && { agent: wanted.agent }),
    scopes: [...(wanted.scopes ?? [])],
    created: timeText(wanted.nowMs),
    ...(wanted.expiresAtMs !== undefined && { expires: timeText(wanted.expiresAtMs) }),
  };
  return { keys: [...keys, entry], id, key };
}

export function listKeys(keys: readonly KeyEntry[], nowMs: number): readonly KeyListing[] {
  return keys.map((entry) => {
    const { hash: _, previous: __, ...shown } = entry;
    return { ...shown, state: stateOf(entry, nowMs) };
  });
}

function stateOf(entry: KeyEntry, nowMs: number): KeyListing['state'] {
  if (entry.revoked !== undefined) return 'revoked';
  if (entry.expires !== undefined && Date.parse(entry.expires) <= nowMs) return 'expired';
  return entry.previous && nowMs < Date.parse(entry.previous.until) ? 'rotating' : 'active';
}

/** Gives a key a new secret. The one before works for `overlapMs` more; a still older one stops at once. */
export function rotateKey(
  keys: readonly KeyEntry[],
  { id, overlapMs, nowMs }: { readonly id: string; readonly overlapMs: number; readonly nowMs: number },
): KeyMade | KeyProblem {
  const entry = keys.find((one) => one.id === id);
  if (!entry) return unknownKey(id);
  if (entry.revoked !== undefined) return { problem: `the key \`${id}\` has been revoked; create a new one` };
  const key = newSecret(id);
  const previous = { hash: entry.hash, until: timeText(nowMs + overlapMs) };
  const rotated: KeyEntry = { ...entry, hash: keyHash(key), previous };
  return { keys: keys.map((one) => (one === entry ? rotated : one)), id, key };
}

/** Ends a key and every secret it had. Revoking twice keeps the first time. */
export function revokeKey(
  keys: readonly KeyEntry[],
  { id, nowMs }: { readonly id: string; readonly nowMs: number },
): { readonly keys: readonly KeyEntry[] } | KeyProblem {
  const entry = keys.find((one) => one.id === id);
  if (!entry) return unknownKey(id);
  const revoked: KeyEntry = { ...entry, revoked: entry.revoked ?? timeText(nowMs) };
  return { keys: keys.map((one) => (one === entry ? revoked : one)) };
}

function unknownKey(id: string): KeyProblem {
  return { problem: `there is no key \`${id}\`; \`waygate keys list\` shows those there are` };
}

function newSecret(id: string): string {
  return `${KEY_PREFIX}${id}_${randomBytes(SECRET_BYTES).toString('base64url')}`;
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}
