import { delegatedPrincipal } from './delegated.ts';
import type { KeySet } from './jwks.ts';
import type { KeyedIssuer } from './verify.ts';

/** What holds for tokens that the gateway makes. */
export interface OwnTerms {
  /** `iss`, and the address that clients reach this gateway at. */
  readonly issuer: string;
  readonly audience: string;
  readonly maxSeconds: number;
}

/** How far the clocks of replicas may differ. */
const CLOCK_TOLERANCE_SECONDS = 5;
/** Of a token; the same as other issuers may write unless the configuration says. */
export const OWN_TOKEN_BYTES = 8_192;

/** The gateway as an issuer among those that it trusts. */
export function ownIssuer({ issuer, audience, maxSeconds }: OwnTerms, keys: KeySet): KeyedIssuer {
  return {
    config: {
      issuer,
      audience: [audience],
      algorithms: ['ES256', 'EdDSA'],
      jwks: { keys: [] },
      claims: { subject: ['sub'], scopes: ['scope'] },
      clockToleranceSeconds: CLOCK_TOLERANCE_SECONDS,
      maxLifetimeSeconds: maxSeconds,
      maxTokenBytes: OWN_TOKEN_BYTES,
    },
    keys,
    own: (claims) => delegatedPrincipal(claims, 'jwt'),
  };
}
