declare const brand: unique symbol;

/** One governed call. Every ledger change is idempotent by it. */
export type CallId = string & { readonly [brand]: 'CallId' };

/** One run: a node in the tree of work. */
export type RunId = string & { readonly [brand]: 'RunId' };

/** A call id that has never been used: `call_` and a random UUID (RFC 9562 version 4). */
export function newCallId(): CallId {
  return `call_${crypto.randomUUID()}` as CallId;
}
