// The issuer for one's own machine: `npm start` and `waygate token` share its key through a file.
// INVARIANT: it serves loopback listeners only; anyone who reads the file can be anyone.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { importJWK, type JWK, SignJWT } from 'jose';
import { isLoopbackHost } from '../core/loopback.ts';
import { type Rank, RANKS } from '../core/operator.ts';
import { readJwk } from './jwk.ts';
import { DEFAULT_TENANT, type Issuer, issuerSchema, type OperatorIssuer, operatorIssuerSchema } from './schema.ts';

/** Where the key lies, below the working directory. */
export const DEV_ISSUER_FILE = '.waygate/dev-issuer.json';

const ISSUER = 'waygate-dev';
const AUDIENCE = 'waygate';
const OPERATOR_AUDIENCE = 'waygate-admin';
const TTL_SECONDS = { usual: 43_200, max: 2_592_000 };

/** Whom a dev token stands for. */
export interface DevToken {
  readonly agent: string;
  readonly subject?: string;
  readonly tenant?: string;
  readonly ttlSeconds?: number;
  readonly nowMs: number;
}

/** Whom a dev token for the operators' listener stands for. */
export interface DevOperatorToken extends Pick<DevToken, 'subject' | 'ttlSeconds' | 'nowMs'> {
  readonly rank: Rank;
  /** The one tenant that it is over; all unless said. */
  readonly tenant?: string;
}

export interface DevIssuer {
  /** What the gateway trusts, as if it stood in the config. */
  readonly issuer: Issuer;
  /** What the operators' listener trusts; the same key, another audience. */
  readonly operators: OperatorIssuer;
  mint(token: DevToken): Promise<string>;
  mintOperator(token: DevOperatorToken): Promise<string>;
}

/** Throws where a listener can be reached from elsewhere: dev tokens are for loopback alone. */
export function assertLoopbackOnly(hosts: readonly string[]): void {
  const open = hosts.find((host) => !isLoopbackHost(host));
  if (open === undefined) return;
  throw new Error(
    `the dev issuer works on loopback only, but a listener is on \`${open}\`; configure \`identity.issuers\` or \`identity.keys\``,
  );
}

/** Opens the dev issuer whose key is in that file, and makes the file where there is none. Throws where it holds no key. */
export function openDevIssuer(path: string): DevIssuer {
  const secret = readOrMakeKey(path);
  const { d: _, ...keyOfIssuer } = secret;
  if (secret['d'] === undefined || typeof readJwk(keyOfIssuer) === 'string') {
    throw new Error(`\`${path}\` does not hold the key of a dev issuer; delete the file to have a new one made`);
  }
  const jwks = { keys: [keyOfIssuer] };
  const trusted = { issuer: ISSUER, algorithms: ['ES256'], maxLifetimeSeconds: TTL_SECONDS.max, jwks };
  return {
    issuer: {
      ...issuerSchema.parse({ ...trusted, audience: AUDIENCE, claims: { tenant: 'tenant', agent: 'agent' } }),
      jwks,
    },
    operators: {
      ...operatorIssuerSchema.parse({
        ...trusted,
        audience: OPERATOR_AUDIENCE,
        claims: { tenants: 'tenants' },
        roles: Object.fromEntries(RANKS.map((rank) => [rank, rank])),
      }),
      jwks,
    },
    mint: ({ agent, tenant = DEFAULT_TENANT, ...whom }) =>
      mint(secret, AUDIENCE, { claims: { agent, tenant }, ...whom }),
    mintOperator: ({ rank, tenant = '*', ...whom }) =>
      mint(secret, OPERATOR_AUDIENCE, { claims: { roles: [rank], tenants: [tenant] }, ...whom }),
  };
}

interface Minted extends Pick<DevToken, 'subject' | 'ttlSeconds' | 'nowMs'> {
  readonly claims: Readonly<Record<string, unknown>>;
}

async function mint(secret: JWK, audience: string, minted: Minted): Promise<string> {
  const { claims, subject = 'developer', ttlSeconds = TTL_SECONDS.usual, nowMs } = minted;
  const now = Math.floor(nowMs / 1_000);
  return new SignJWT({ ...claims })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: String(secret.kid) })
    .setIssuer(ISSUER)
    .setAudience(audience)
    .setSubject(subject)
    .setJti(randomUUID())
    .setIssuedAt(now)
    .setExpirationTime(now + Math.min(ttlSeconds, TTL_SECONDS.max))
    .sign(await importJWK(secret, 'ES256'));
}

function readOrMakeKey(path: string): JWK {
  try {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const made = { ...privateKey.export({ format: 'jwk' }), kid: `dev-${randomUUID()}` };
    mkdirSync(dirname(path), { recursive: true });
    // Fails where the file is there already, so that two starts at once agree on one key.
    writeFileSync(path, JSON.stringify(made), { flag: 'wx', mode: 0o600 });
    return made;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    return parseKey(readFileSync(path, 'utf8'));
  }
}

function parseKey(text: string): JWK {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
