import { GatewayError } from '../core/errors.ts';
import type { Begun, JournalFacts } from './journal.ts';

type Refused = Exclude<Begun['kind'], 'new' | 'recorded'>;

/** Why a repeat is neither sent nor answered, and what its caller can do. */
export function journalRefusal(kind: Refused, { resource, rule }: JournalFacts): GatewayError {
  const code = kind === 'mismatch' ? 'journal.mismatch' : 'journal.unknown';
  const details = kind === 'running' ? { rule, retryAfterMs: 5_000 } : { rule };
  return new GatewayError(code, SENTENCES[kind](`\`${resource}\``), details);
}

const SENTENCES: Readonly<Record<Refused, (resource: string) => string>> = {
  mismatch: (resource) =>
    `the idempotency key of this call belongs to another request to ${resource} in this run, so it was not sent; use a new key, or repeat the first request unchanged`,
  running: (resource) =>
    `a call to ${resource} with this idempotency key is still under way, so this one was not sent; repeat it with the same key later`,
  unknown: (resource) =>
    `a call to ${resource} with this idempotency key was sent and its result never recorded, so it may have been carried out; this one was not sent: look at what the first has done, and only then make the call with a new key`,
  large: (resource) =>
    `the call to ${resource} with this idempotency key was answered, and its answer was too large to be kept; this one was not sent: read the result in another way, or use a new key to have it carried out once more`,
  undone: (resource) =>
    `the call to ${resource} with this idempotency key was carried out and then taken back by a rollback, so this one was not sent; use a new key to have it carried out again`,
};
