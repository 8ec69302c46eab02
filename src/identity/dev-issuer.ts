// The issuer for one's own machine: `npm start` and `waygate token` share its key through a file.
// INVARIANT: it serves loopback listeners only; anyone who reads the file can be anyone.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { importJWK, type JWK, SignJWT } from 'jose';
import { isLoopbackHost } from '../core/loopback.ts';
import { readJwk } from './jwk.ts';
import { DEFAULT_TENANT, type Issuer, issuerSchema } from './schema.ts';

/** Where the key lies, below the working directory. */
export const DEV_ISSUER_FILE = '.waygate/dev-issuer.json';

const ISSUER = 'waygate-dev';
const AUDIENCE = 'waygate';
const TTL_SECONDS = { usual: 43_200, max: 2_592_000 };

/** Whom a dev token stands for. */
export interface DevToken {
  readonly agent: string;
  readonly subject?: string;
  readonly tenant?: string;
  readonly ttlSeconds?: number;
  readonly nowMs: number;
}

export interface DevIssuer {
  /** What the gateway trusts, as if it stood in the config. */
  readonly issuer: Issuer;
  mint(token: DevToken): Promise<string>;
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
  const issuer = issuerSchema.parse({
    issuer: ISSUER,
    audience: AUDIENCE,
    algorithms: ['ES256'],
    claims: { tenant: 'tenant', agent: 'agent' },
    maxLifetimeSeconds: TTL_SECONDS.max,
    jwks: { keys: [keyOfIssuer] },
  });
  return { issuer: { ...issuer, jwks: { keys: [keyOfIssuer] } }, mint: (token) => mint(secret, token) };
}

async function mint(secret: JWK, token: DevToken): Promise<string> {
  const { agent, subject = 'developer', tenant = DEFAULT_TENANT, ttlSeconds = TTL_SECONDS.usual, nowMs } = token;
  const now = Math.floor(nowMs / 1_000);
  return new SignJWT({ agent, tenant })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: String(secret.kid) })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
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
