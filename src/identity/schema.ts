import { z } from 'zod';
import { isLoopbackHost } from '../core/loopback.ts';
import { RANKS } from '../core/operator.ts';
import { ALGORITHMS, readJwk } from './jwk.ts';

/** Tenant of everybody whose issuer or key says nothing of tenants. */
export const DEFAULT_TENANT = 'default';

const name = z
  .string()
  .min(1)
  .max(256)
  .regex(/^\P{Cc}+$/u, 'expected a text without control characters');

const DOTTED = /^[^./:\s]+(?:\.[^./:\s]+)*$/;
const POINTER = /^(?:\/[^/]+)+$/;

/** Where a claim is: its name, a path with dots, a JSON pointer (RFC 6901), or a list of names for any others. */
const claimPath = z.union([
  z
    .string()
    .regex(
      new RegExp(`${DOTTED.source}|${POINTER.source}`),
      'expected `name`, `outer.inner` or `/outer/inner`; a name with dots or slashes of its own goes in a list: `["https://…"]`',
    )
    .transform((text): readonly string[] => (text.startsWith('/') ? readPointer(text) : text.split('.'))),
  z.array(z.string().min(1)).min(1).readonly(),
]);

function readPointer(text: string): string[] {
  const parts = text.slice(1).split('/');
  return parts.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

const jwkSchema = z.record(z.string(), z.unknown()).superRefine((jwk, context) => {
  const read = readJwk(jwk);
  if (typeof read === 'string') context.addIssue({ code: 'custom', message: read });
});

/** A set of public keys (RFC 7517 §5), in the config or in a file of its own. */
export const jwkSetSchema = z.looseObject({ keys: z.array(jwkSchema).min(1).max(100) });

const jwksSchema = z
  .strictObject({
    url: z
      .url({ protocol: /^https?$/, error: 'expected an address like `https://issuer.example/jwks`' })
      .refine(isSafeAddress, 'expected an `https` address; `http` is for loopback only')
      .optional()
      .describe('Where the issuer publishes its keys.'),
    file: z.string().min(1).optional().describe('A file that holds a key set.'),
    keys: jwkSetSchema.shape.keys.optional().describe('The keys themselves, as JWKs.'),
    staleSeconds: z
      .int()
      .min(0)
      .max(86_400)
      .optional()
      .describe(
        'With `url`: how long keys serve past their freshness while they cannot be fetched; then calls are refused. 3600 unless said.',
      ),
  })
  .refine(
    ({ url, file, keys }) => [url, file, keys].filter((source) => source !== undefined).length === 1,
    'expected exactly one of `url`, `file` and `keys`',
  )
  .refine(({ url, staleSeconds }) => url !== undefined || staleSeconds === undefined, {
    path: ['staleSeconds'],
    error: '`staleSeconds` is for keys that are fetched from a `url`',
  });

function isSafeAddress(text: string): boolean {
  const url = URL.parse(text);
  if (!url || url.username !== '' || url.password !== '') return false;
  return url.protocol === 'https:' || isLoopbackHost(url.hostname);
}

/** What makes any issuer's token good. */
const trustShape = {
  issuer: z.string().min(1).describe('`iss` of its tokens, letter for letter.'),
  audience: z
    .union([
      z
        .string()
        .min(1)
        .transform((one): readonly string[] => [one]),
      z.array(z.string().min(1)).min(1).readonly(),
    ])
    .describe('What its tokens must name as their audience; of several, any one.'),
  algorithms: z.array(z.enum(ALGORITHMS)).min(1).describe('Signatures that it may use.'),
  jwks: jwksSchema.describe('Its public keys: exactly one of `url`, `file` and `keys`.'),
  clockToleranceSeconds: z.int().min(0).max(120).default(5).describe('How far clocks may differ.'),
  maxLifetimeSeconds: z.int().min(1).max(31_622_400).default(86_400).describe('Tokens made for longer are refused.'),
  maxTokenBytes: z.int().min(256).max(16_384).default(8_192).describe('Longer tokens are refused.'),
};

/** Who may vouch for callers. */
export const issuerSchema = z
  .strictObject({
    issuer: trustShape.issuer,
    audience: trustShape.audience,
    algorithms: trustShape.algorithms,
    jwks: trustShape.jwks,
    claims: z
      .strictObject({
        subject: claimPath.default(['sub']).describe('`sub` unless said.'),
        tenant: claimPath.optional().describe('None unless said; then `tenant` holds for all.'),
        agent: claimPath.optional().describe('None unless said; then policies see the empty agent.'),
        run: claimPath
          .optional()
          .describe('Names of a run and of those above it, a text `root/child` or a list. None unless said.'),
        scopes: claimPath.default(['scope']).describe('`scope` unless said.'),
      })
      .prefault({})
      .describe(
        'Which claims say who calls, each a name, a path `outer.inner`, a JSON pointer, or a list of names for those with dots.',
      ),
    tenant: name.optional().describe('Tenant of all its callers, where no claim says it; `default` unless said.'),
    clockToleranceSeconds: trustShape.clockToleranceSeconds,
    maxLifetimeSeconds: trustShape.maxLifetimeSeconds,
    maxTokenBytes: trustShape.maxTokenBytes,
  })
  .refine(({ claims, tenant }) => claims.tenant === undefined || tenant === undefined, {
    path: ['tenant'],
    error: 'expected either a fixed `tenant` or the claim `claims.tenant`, not both',
  });
export type IssuerConfig = z.infer<typeof issuerSchema>;

/** Who may vouch for operators. */
export const operatorIssuerSchema = z.strictObject({
  ...trustShape,
  audience: trustShape.audience.describe(
    'What its tokens must name as their audience; of several, any one. Never one of the same issuer in `identity`.',
  ),
  claims: z
    .strictObject({
      subject: claimPath.default(['sub']).describe('`sub` unless said.'),
      roles: claimPath.default(['roles']).describe('A text with spaces or a list; `roles` unless said.'),
      tenants: claimPath
        .optional()
        .describe('The tenants that the operator is over, a text or a list, `*` for all; unless said, all of them.'),
    })
    .prefault({})
    .describe('Which claims say who operates, each as in `identity.issuers`.'),
  roles: z
    .record(name, z.enum(RANKS))
    .refine((roles) => Object.keys(roles).length > 0, 'expected a role of its tokens and what it may do')
    .describe(
      'What a role of its tokens may do: `viewer` look, `approver` also approve, `operator` also stop and resume.',
    ),
});
export type OperatorIssuerConfig = z.infer<typeof operatorIssuerSchema>;

/** Keys that are at hand, or at an address. */
export type Located<T extends { readonly jwks: unknown }> = Omit<T, 'jwks'> & {
  readonly jwks:
    | { readonly url: string; readonly staleMs?: number }
    | { readonly keys: readonly Readonly<Record<string, unknown>>[] };
};
export type Issuer = Located<IssuerConfig>;
export type OperatorIssuer = Located<OperatorIssuerConfig>;

/** `admin.operators` of the config. */
export const operatorsSchema = z.strictObject({
  issuers: z.array(operatorIssuerSchema).min(1).describe('Who may vouch for operators.'),
});

/** `identity` of the config. */
export const identitySchema = z.strictObject({
  issuers: z.array(issuerSchema).default([]).describe('Who may vouch for callers.'),
  keys: z
    .strictObject({
      file: z.string().min(1).describe('File of hashed keys, kept by `waygate keys`, from the folder of this file.'),
    })
    .optional()
    .describe('API keys, for clients that cannot get tokens.'),
  dev: z.boolean().default(false).describe('Whether tokens of `waygate token` are taken: on loopback only.'),
});

const hash = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'expected a SHA-256 hash of 64 hex digits, as `waygate keys` writes it');
const time = z.iso.datetime({ offset: true, error: 'expected a time like `2026-01-31T12:00:00Z`' });

const keyEntrySchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9]{8,32}$/, 'expected 8 to 32 lower-case letters and digits'),
  /** SHA-256 of the whole key. The key itself is nowhere. */
  hash,
  subject: name,
  tenant: name.default(DEFAULT_TENANT),
  agent: name.optional(),
  scopes: z.array(name).default([]),
  created: time,
  expires: time.optional(),
  revoked: time.optional(),
  /** The secret before the last rotation, which still works until then. */
  previous: z.strictObject({ hash, until: time }).optional(),
});
/** One API key as its file holds it. */
export type KeyEntry = z.infer<typeof keyEntrySchema>;

/** The file of API keys. */
export const keysFileSchema = z.strictObject({
  keys: z.array(keyEntrySchema).superRefine((keys, context) => {
    const seen = new Set<string>();
    for (const [index, { id }] of keys.entries()) {
      if (seen.has(id))
        context.addIssue({ code: 'custom', path: [index, 'id'], message: `the key \`${id}\` occurs twice` });
      seen.add(id);
    }
  }),
});
