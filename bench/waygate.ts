// Waygate as its users run it: `waygate serve --config`, with the files that the bench writes. In a clone that is
// src/main.ts; the launcher before it would only check what is installed.
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { stringify } from 'yaml';
import { freePort } from '../test/support/redis.ts';
import { ALLOW_ALL, governedPolicies, type Policies, RUN_LIMITS } from './policies.ts';
import { type ServerProcess, startServer } from './processes.ts';
import { chatRequest } from './traffic.ts';

/** What stands around the governed candidate. */
export interface Around {
  readonly collector: ServerProcess;
  /** A real server; undefined where there is none. */
  readonly redisUrl: string | undefined;
}

export interface WaygateOptions {
  readonly dir: string;
  readonly cores: number | undefined;
  readonly upstream: ServerProcess;
  readonly around: Around;
  readonly nodeOptions: readonly string[];
}

export interface WaygateProcess extends ServerProcess {
  readonly token: string;
  readonly adminUrl: string;
  /** For the operators' API. */
  readonly operator: string;
  readonly doubt: () => Promise<string | undefined>;
}

const ISSUER = 'https://issuer.bench.example';
/** Waygate takes no anchors. */
const YAML = { aliasDuplicateObjects: false };

const POLICIES = {
  open: () => ALLOW_ALL,
  governed: () => governedPolicies(50),
  'governed-10k': () => governedPolicies(10_000),
  runs: () => ({ ...governedPolicies(50), ...RUN_LIMITS }),
} as const satisfies Readonly<Record<string, () => Policies>>;
export type WaygateKind = keyof typeof POLICIES;

/**
 * `open`: everything allowed, memory store. `governed`: a rate and two budgets in Redis, traces exported. `runs`: limits of
 * runs and trees besides.
 */
export async function startWaygate(kind: WaygateKind, options: WaygateOptions): Promise<WaygateProcess> {
  const { redisUrl, collector } = options.around;
  if (kind !== 'open' && redisUrl === undefined) {
    throw new Error('needs a real Redis: set REDIS_URL, or install redis-server (`apt-get install redis-server`)');
  }
  const dir = join(options.dir, kind);
  mkdirSync(join(dir, 'policies'), { recursive: true });
  const { jwks, token, operator } = await makeTokens();
  writeFileSync(join(dir, 'jwks.json'), JSON.stringify(jwks));
  for (const [name, policy] of Object.entries(POLICIES[kind]())) {
    writeFileSync(join(dir, 'policies', `${name}.yaml`), stringify(policy));
  }
  const adminPort = await freePort();
  const extra =
    kind === 'open'
      ? { store: { kind: 'memory' } }
      : { store: { kind: 'redis', url: redisUrl }, telemetry: { otlp: { endpoint: collector.url } } };
  const args = (port: number): string[] => {
    writeFileSync(
      join(dir, 'waygate.yaml'),
      stringify({ ...config(dir, { port, adminPort, upstream: options.upstream.url }), ...extra }, YAML),
    );
    return [...options.nodeOptions, 'src/main.ts', 'serve', '--config', join(dir, 'waygate.yaml')];
  };
  const server = await startServer(kind, { ...options, args, env: { BENCH_KEY: 'bench' } });
  const adminUrl = `http://127.0.0.1:${adminPort}`;
  return { ...server, token, adminUrl, operator, doubt: () => doubt(kind, { server, dir, around: options.around }) };
}

function config(
  dir: string,
  at: { readonly port: number; readonly adminPort: number; readonly upstream: string },
): object {
  const issuer = { issuer: ISSUER, algorithms: ['ES256'], jwks: { file: join(dir, 'jwks.json') } };
  return {
    version: 1,
    listen: { host: '127.0.0.1', port: at.port },
    admin: {
      host: '127.0.0.1',
      port: at.adminPort,
      operators: { issuers: [{ ...issuer, audience: 'waygate-admin', roles: { operator: 'operator' } }] },
    },
    identity: { issuers: [{ ...issuer, audience: 'waygate', claims: { agent: 'agent' }, tenant: 'bench' }] },
    upstreams: {
      bench: {
        protocol: 'openai',
        url: `${at.upstream}/v1`,
        credential: 'env:BENCH_KEY',
        models: ['*'],
        prices: { '*': { input: 1, output: 4 } },
      },
    },
    policies: { dir: join(dir, 'policies'), enforcement: 'enforce' },
    audit: { dir: join(dir, 'audit') },
  };
}

interface Tokens {
  readonly jwks: object;
  readonly token: string;
  readonly operator: string;
}

async function makeTokens(): Promise<Tokens> {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'bench', alg: 'ES256', use: 'sig' };
  const sign = (audience: string, claims: Record<string, unknown>): Promise<string> =>
    new SignJWT({ ...claims, jti: crypto.randomUUID() })
      .setProtectedHeader({ alg: 'ES256', kid: 'bench', typ: 'JWT' })
      .setIssuer(ISSUER)
      .setSubject('service-account:bench@example.com')
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime('2h')
      .sign(privateKey);
  return {
    jwks: { keys: [jwk] },
    token: await sign('waygate', { agent: 'bench', scope: 'models:use tools:call runs:read' }),
    operator: await sign('waygate-admin', { roles: 'operator' }),
  };
}

async function doubt(
  kind: WaygateKind,
  { server, dir, around }: { readonly server: ServerProcess; readonly dir: string; readonly around: Around },
): Promise<string | undefined> {
  const body = chatRequest('json');
  const nobody = await fetch(`${server.url}/v1/chat/completions`, { method: 'POST', body });
  if (nobody.status !== 401) return `answers ${nobody.status} to a request without a token`;
  const audit = join(dir, 'audit');
  const audited = readdirSync(audit, { recursive: true, encoding: 'utf8' }).map(
    (file) => statSync(join(audit, file)).size,
  );
  if (!audited.some((bytes) => bytes > 10_000)) return 'has no audit to show';
  if (kind === 'open') return undefined;
  const seen = (await (await fetch(`${around.collector.url}/seen`)).json()) as { readonly traceBytes: number };
  if (seen.traceBytes < 10_000) return 'exported no traces';
  const redis = new Redis(around.redisUrl ?? '');
  const keys = await redis.keys('*{bench}*');
  redis.disconnect();
  return keys.length === 0 ? 'keeps nothing in Redis' : undefined;
}
