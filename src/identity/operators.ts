// Who operates: the token of a request to the operators' listener → its Operator.
// INVARIANT: a token of the data plane is nobody here: another issuer, or of the same one an audience of its own.
import type { Clock } from '../core/clock.ts';
import { GatewayError } from '../core/errors.ts';
import type { Headers } from '../core/exchange.ts';
import { type Operator, type Rank, RANKS, ranksUpTo } from '../core/operator.ts';
import { type Claims, readName, readPath, readWords } from './claims.ts';
import { bearerToken } from './credential.ts';
import { fixedKeySet, type KeySet } from './jwks.ts';
import { invalidToken } from './refusals.ts';
import type { Issuer, OperatorIssuer } from './schema.ts';
import { claimsVerifier } from './verify.ts';

export interface OperatorSource {
  /** Of `admin.operators`, and in dev the dev issuer's. */
  readonly issuers: readonly OperatorIssuer[];
  /** Of the data plane, whose tokens are refused whatever else they name as their audience. */
  readonly dataIssuers: readonly Pick<Issuer, 'issuer' | 'audience'>[];
  readonly clock: Clock;
  /** Key sets by address, from `remoteKeySets`. */
  readonly remoteKeys: (url: string, staleMs?: number) => KeySet;
}

/** Rejects with `identity.*`. An operator without any rank may do nothing. */
export type IdentifyOperator = (headers: Headers) => Promise<Operator>;

/** The operators of one configuration; undefined where it names none, and then nobody is one. */
export function operatorIdentifier(source: OperatorSource): IdentifyOperator | undefined {
  const { issuers, dataIssuers, clock, remoteKeys } = source;
  if (issuers.length === 0) return undefined;
  const keySetOf = ({ jwks }: OperatorIssuer): KeySet =>
    'url' in jwks ? remoteKeys(jwks.url, jwks.staleMs) : fixedKeySet(jwks.keys);
  const verify = claimsVerifier(
    issuers.map((config) => ({ config, keys: keySetOf(config) })),
    clock,
  );
  const ofDataPlane = new Set(
    dataIssuers.flatMap(({ issuer, audience }) => audience.map((one) => `${issuer}\n${one}`)),
  );
  const tokenBytesMax = Math.max(...issuers.map(({ maxTokenBytes }) => maxTokenBytes));

  return async function identifyOperator(headers) {
    const token = tokenOf(headers);
    if (token.length > tokenBytesMax) throw invalidToken(`it is longer than ${tokenBytesMax} bytes`);
    const { claims, config } = await verify(token);
    if ([claims.aud].flat().some((one) => ofDataPlane.has(`${config.issuer}\n${String(one)}`))) {
      throw invalidToken('it is for the data listener too (`aud`); operators need a token for this listener alone');
    }
    return operatorOf(claims, config);
  };
}

/** A browser never adds `Authorization: Bearer` by itself, which is what makes forged requests harmless. */
function tokenOf({ authorization }: Headers): string {
  if (authorization === undefined || authorization === '') {
    throw new GatewayError(
      'identity.missing',
      'the request carries no credential; send an operator’s token as `Authorization: Bearer TOKEN`',
    );
  }
  const token = bearerToken(authorization);
  if (typeof token === 'string') return token;
  throw invalidToken('the header `authorization` was sent twice; send it once');
}

/** The operator that verified claims speak of. Throws `identity.invalid`. */
function operatorOf(claims: Claims, { issuer, claims: paths, roles: ranks }: OperatorIssuer): Operator {
  const words = readWords(readPath(claims, paths.roles), 'roles');
  const highest = Math.max(-1, ...words.map((word) => rankOf(word, ranks)));
  const granted = highest < 0 ? [] : ranksUpTo(RANKS[highest] as Rank);
  // A role that is called like a rank is none: the configuration alone gives ranks.
  const others = words.filter((word) => !(RANKS as readonly string[]).includes(word));
  const tenants = paths.tenants === undefined ? '*' : readTenants(readPath(claims, paths.tenants));
  return Object.freeze({
    subject: readName(claims, paths.subject),
    issuer,
    roles: Object.freeze([...new Set([...granted, ...others])]),
    tenants: Object.freeze(tenants),
    expiresAtMs: Number(claims['exp']) * 1_000,
  });
}

function rankOf(word: string, ranks: OperatorIssuer['roles']): number {
  return Object.hasOwn(ranks, word) ? RANKS.indexOf(ranks[word] as Rank) : -1;
}

function readTenants(value: unknown): readonly string[] | '*' {
  const tenants = typeof value === 'string' ? [value] : readWords(value, 'tenants');
  return tenants.includes('*') ? '*' : tenants;
}
