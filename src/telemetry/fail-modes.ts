import type { ErrorCode } from '../core/errors.ts';

/** What a call needs and cannot have, and what becomes of the call. Words of the code and names of the config. */
export interface FailMode {
  readonly dependency: 'store' | 'ledger' | 'identity-keys' | 'audit' | 'price';
  /** `closed` refuses; `free` lets through what costs nothing; `local`, `stale` and `ceiling` are what the config says instead. */
  readonly mode: 'closed' | 'free' | 'local' | 'stale' | 'ceiling';
  readonly cause: string;
  /** The route or upstream whose local mode it was. */
  readonly route?: string;
}

/** The refusals that mean that something was gone; the store says its cause itself. */
export const CLOSED: Readonly<Partial<Record<ErrorCode, Omit<FailMode, 'mode'>>>> = {
  'limit.unavailable': { dependency: 'store', cause: 'error' },
  'limit.lost': { dependency: 'ledger', cause: 'lost' },
  'identity.unavailable': { dependency: 'identity-keys', cause: 'not-fetched' },
  'audit.unavailable': { dependency: 'audit', cause: 'not-written' },
  'price.unknown': { dependency: 'price', cause: 'unknown' },
};
