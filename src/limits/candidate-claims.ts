// A call with several candidates is reserved once, for whichever of them will answer it.
// INVARIANT: no candidate is sent to that is not reserved in every quota that it falls under.
import type { PermittedCall } from '../core/call.ts';
import type { Charge } from '../core/usage.ts';
import { type Asking, bookedFor, claimsOf, type QuotaClaim } from './quota-claims.ts';

/** What a call claims with all of its candidates: each counter once, by all that fall under it. */
export function candidateClaims(call: PermittedCall, asking: Asking): readonly QuotaClaim[] {
  if (call.fallbacks.length === 0) return claimsOf(call, asking);
  const claims = new Map<string, QuotaClaim & { readonly of: PermittedCall[] }>();
  for (const candidate of [call, ...call.fallbacks]) {
    for (const one of claimsOf(candidate, asking)) {
      const known = claims.get(one.claim.key);
      if (known) known.of.push(candidate);
      else claims.set(one.claim.key, { ...(candidate === call ? one : held(one)), of: [candidate] });
    }
  }
  return [...claims.values()];
}

// What is spent at once cannot be given back, should the candidate not be needed.
function held({ claim, ...one }: QuotaClaim): QuotaClaim {
  return { ...one, claim: claim.mode === 'spend' ? { ...claim, mode: 'hold' } : claim };
}

/** The call without the candidates that a claim is for; undefined where there is no other. */
export function without(call: PermittedCall, { of }: QuotaClaim): PermittedCall | undefined {
  if (!of) return undefined;
  const [first, ...fallbacks] = [call, ...call.fallbacks].filter((candidate) => !of.includes(candidate));
  return first && { ...first, fallbacks };
}

/** What a call used, and which of its candidates used it. */
export interface Spent {
  readonly charge: Charge;
  readonly sent: PermittedCall;
}

/** What to book for a claim: nothing where it is for other candidates. */
export function bookedOf({ claim, of }: QuotaClaim, { charge, sent }: Spent): number {
  return !of || of.some(({ access }) => access === sent.access) ? bookedFor(claim, charge) : 0;
}
