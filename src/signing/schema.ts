import { z } from 'zod';
import { isLoopbackHost } from '../core/loopback.ts';
import { NOT_A_REFERENCE, SECRET_REFERENCE } from '../core/secret-reference.ts';

const reference = z.string().regex(SECRET_REFERENCE, NOT_A_REFERENCE);
const name = z
  .string()
  .min(1)
  .max(256)
  .regex(/^\P{Cc}+$/u, 'expected a text without control characters');

/** `delegation` in the configuration: tokens that the gateway makes for the sub-agents of a run. */
export const delegationSchema = z
  .strictObject({
    issuer: z
      .string()
      .refine(
        isPublicAddress,
        'expected the `https` address of this gateway as its clients write it, without `/` at its end',
      )
      .describe('Where clients reach this gateway, and `iss` of its tokens; `http` is for loopback only.'),
    audience: name.optional().describe('`aud` of its tokens; the issuer unless said.'),
    keys: z
      .array(reference)
      .min(1)
      .max(8)
      .optional()
      .describe(
        'Private keys of your own (PEM or JWK, P-256 or Ed25519): the first signs, all verify. Generated into the store unless said.',
      ),
    algorithm: z.enum(['ES256', 'EdDSA']).default('ES256').describe('Of generated keys.'),
    rotateDays: z.int().min(1).max(365).default(30).describe('How long a generated key signs.'),
    wrapKey: reference
      .optional()
      .describe('32 random bytes that generated keys are encrypted with; required with Redis unless `keys` are given.'),
    tokenSeconds: z
      .int()
      .min(30)
      .max(86_400)
      .default(600)
      .describe('How long a token is valid where none is asked for.'),
    maxSeconds: z.int().min(30).max(86_400).default(3_600).describe('The longest that a token may be asked for.'),
    runKeyDays: z
      .int()
      .min(1)
      .max(90)
      .optional()
      .describe(
        'How long the run key of a root may go on past the token that it was made with; not at all unless said. Needed where runs last longer than logins.',
      ),
    depthMax: z.int().min(0).max(8).default(8).describe('Deepest run that a token is made for; a root is 0.'),
    actors: z
      .array(name)
      .default([])
      .describe('Subjects whose tokens may stand as `actor_token` for the children of any run of their tenant.'),
  })
  .refine(({ tokenSeconds, maxSeconds }) => tokenSeconds <= maxSeconds, {
    path: ['tokenSeconds'],
    error: 'expected no more than `maxSeconds`',
  })
  .refine(({ keys, wrapKey }) => keys === undefined || wrapKey === undefined, {
    path: ['wrapKey'],
    error: '`wrapKey` is for generated keys; `keys` of your own are not kept in the store',
  });
export type DelegationConfig = z.infer<typeof delegationSchema>;

/** What its own fields cannot say: what is wrong with it beside the rest of the configuration, and in which field. */
export function delegationFault(
  { issuer, keys, wrapKey }: DelegationConfig,
  { store, issuers }: { readonly store: string; readonly issuers: readonly string[] },
): { readonly path: readonly string[]; readonly message: string } | undefined {
  if (issuers.includes(issuer)) {
    return {
      path: ['issuer'],
      message: 'an issuer in `identity.issuers` has this name; the gateway needs one of its own',
    };
  }
  if (store !== 'redis' || keys || wrapKey !== undefined) return undefined;
  return {
    path: ['wrapKey'],
    message:
      'signing keys would lie in Redis unencrypted; set `wrapKey: env:NAME` (32 random bytes), or give `keys` of your own',
  };
}

function isPublicAddress(text: string): boolean {
  const url = URL.parse(text);
  if (!url || url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') return false;
  if (text.endsWith('/') || text !== (url.pathname === '/' ? url.origin : url.href)) return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackHost(url.hostname));
}
