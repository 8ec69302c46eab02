// A gateway that makes tokens: its real keys, stores and endpoints. Runs and the ledger are as small as the exchange sees them.
import { hash } from 'node:crypto';
import type { AccessRequest } from '../../src/core/access.ts';
import { type Decision, UNBOUND } from '../../src/core/decision.ts';
import type { RunId } from '../../src/core/ids.ts';
import type { Principal } from '../../src/core/principal.ts';
import { NEW_TREE, type Run } from '../../src/core/run.ts';
import { createKey } from '../../src/identity/key-changes.ts';
import { prover, PROOF_WINDOW_MS } from '../../src/identity/dpop.ts';
import type { Carving, ExchangeTerms, NewRun } from '../../src/identity/exchange-deps.ts';
import { ACCESS_TOKEN, EXCHANGE_GRANT } from '../../src/identity/exchange-request.ts';
import type { GrantStore } from '../../src/identity/grant-store.ts';
import { type Authenticate, authenticator, type Identify, identifier } from '../../src/identity/identify.ts';
import { memoryGrants } from '../../src/identity/memory-grants.ts';
import { type OAuthDeps, oauthEndpoints } from '../../src/identity/oauth-endpoints.ts';
import { type OwnCredentials, ownReader } from '../../src/identity/own-credentials.ts';
import { type FirstSeen, proofMemory } from '../../src/identity/proof-memory.ts';
import { type Revocations, revocations } from '../../src/identity/revocations.ts';
import type { RunRevoked } from '../../src/identity/revoke.ts';
import { runKeyFinder } from '../../src/identity/run-keys.ts';
import { type KeyRing, sharedKeyRing } from '../../src/signing/key-ring.ts';
import { type Sealer, unsealed } from '../../src/signing/sealer.ts';
import { memorySigningKeys, type SigningKeyStore } from '../../src/signing/store.ts';
import { compact, ecPair, HandClock, issuer, type KeyPair, NOW_MS, token } from './issuer.ts';

export const GATEWAY = 'https://gw.test';
export const idp = ecPair('idp');
export const made = createKey([], { subject: 'ci', tenant: 'acme', agent: 'builder', nowMs: NOW_MS });

export const TERMS: ExchangeTerms = {
  issuer: GATEWAY,
  audience: GATEWAY,
  maxSeconds: 3_600,
  tokenSeconds: 600,
  depthMax: 8,
  actors: ['worker'],
};

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Authority {
  readonly clock: HandClock;
  readonly ring: KeyRing;
  readonly grants: GrantStore;
  readonly revoked: Revocations;
  readonly own: OwnCredentials;
  readonly deps: OAuthDeps;
  readonly identify: Identify;
  readonly authenticate: Authenticate;
  /** What the exchange asked of others, in its order. */
  readonly asked: string[];
  readonly spawns: AccessRequest[];
  readonly opened: NewRun[];
  readonly carved: Carving[];
  readonly stopped: RunRevoked[];
  readonly faults: unknown[];
  /** Posts a form to an endpoint. */
  post(
    path: string,
    fields: Readonly<Record<string, string>>,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Reply>;
  /** Exchanges a token for one of a child. */
  exchange(
    subject: string,
    fields?: Readonly<Record<string, string>>,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Reply>;
  /** The same, and the new token alone. Throws where it was refused. */
  child(subject: string, fields?: Readonly<Record<string, string>>): Promise<string>;
  /** Moves the clock, and hears of revocations as a running gateway does. */
  later(ms: number): Promise<void>;
  /** Whom a token stands for. */
  who(credential: string): Promise<Principal>;
}

/** A token of the identity provider: `tenant` and `agent` are its claims. */
export function login(claims: object = {}): string {
  return token(idp, { claims: { tenant: 'acme', scope: 'read write', exp: NOW_MS / 1_000 + 3_000, ...claims } });
}

/** What replicas share; each has its own unless said. */
export interface Shared {
  readonly clock: HandClock;
  readonly signingKeys: SigningKeyStore;
  readonly sealer: Sealer;
  readonly grants: GrantStore;
  readonly isFirst: FirstSeen;
}

function ownStores(): Shared {
  const clock = new HandClock();
  return {
    clock,
    signingKeys: memorySigningKeys(),
    sealer: unsealed,
    grants: memoryGrants(clock),
    isFirst: proofMemory(clock, { windowMs: PROOF_WINDOW_MS }),
  };
}

export async function authority(change: Partial<OAuthDeps> = {}, shared: Shared = ownStores()): Promise<Authority> {
  const { clock, grants } = shared;
  const ring = sharedKeyRing({
    store: shared.signingKeys,
    sealer: shared.sealer,
    algorithm: 'ES256',
    rotation: { rotateMs: 30 * 86_400_000, keepMs: 3_660_000 },
    clock,
  });
  await ring.refresh();
  const terms = change.terms ?? TERMS;
  const revoked = revocations(grants, clock);
  await revoked.poll();
  const own: OwnCredentials = {
    terms,
    keys: ring,
    findRunKey: runKeyFinder(grants, clock),
    revocations: revoked,
    prove: prover({ issuer: GATEWAY, clock, isFirst: shared.isFirst }),
  };
  const source = {
    issuers: [issuer({ keys: [idp.jwk] }, { claims: { tenant: 'tenant', agent: 'agent' } })],
    keys: made.keys,
    clock,
    remoteKeys: () => ring,
    own,
  };
  const authenticate = authenticator(source);
  const asked: string[] = [];
  const spawns: AccessRequest[] = [];
  const opened: NewRun[] = [];
  const carved: Carving[] = [];
  const stopped: RunRevoked[] = [];
  const faults: unknown[] = [];
  const note = <T>(name: string, list: T[], one: T): void => {
    asked.push(name);
    list.push(one);
  };
  const deps: OAuthDeps = {
    terms,
    now: () => clock.now(),
    authenticate,
    runOf: ({ delegation: { path, name } }) => Promise.resolve(runAt(path, name)),
    decideSpawn(access) {
      note('spawn', spawns, access);
      return Promise.resolve(PERMIT);
    },
    sign: (claims) => ring.sign(claims),
    grants,
    carve(carving) {
      note('carve', carved, carving);
      const taken = carved.filter(({ parentBudget: { run } }) => run === carving.parentBudget.run);
      const fits = taken.reduce((sum, { amount }) => sum + amount, 0) <= carving.parentBudget.amount;
      if (!fits) carved.pop();
      return Promise.resolve(fits);
    },
    giveBack(carving) {
      asked.push('giveBack');
      carved.splice(carved.indexOf(carving), 1);
      return Promise.resolve();
    },
    openRun: (run) => Promise.resolve(note('open', opened, run)),
    prove: own.prove,
    published: () => ring.published(),
    onFault: (error) => faults.push(error),
    readOwn: ownReader({ terms, keys: ring, store: grants, clock }),
    stopRun: (stop) => Promise.resolve(note('stop', stopped, stop)),
    poll: () => revoked.poll(),
    ...change,
  };
  const answer = oauthEndpoints(deps);
  async function post(path: string, fields: Readonly<Record<string, string>>, headers = {}): Promise<Reply> {
    const reply = await answer({
      method: 'POST',
      path,
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: Buffer.from(new URLSearchParams(fields).toString()),
    });
    return { ...reply, body: JSON.parse(reply.body) as Reply['body'] };
  }
  const exchange: Authority['exchange'] = (subject, fields = {}, headers = {}) =>
    post(
      '/oauth/token',
      { grant_type: EXCHANGE_GRANT, subject_token: subject, subject_token_type: ACCESS_TOKEN, ...fields },
      headers,
    );
  return {
    clock,
    ring,
    grants,
    revoked,
    own,
    deps,
    authenticate,
    asked,
    spawns,
    opened,
    carved,
    stopped,
    faults,
    identify: identifier(source, authenticate),
    post,
    exchange,
    async child(subject, fields) {
      const { status, body } = await exchange(subject, fields);
      if (status !== 200) throw new Error(JSON.stringify(body));
      return body['access_token'] as string;
    },
    later(ms) {
      clock.ms += ms;
      return revoked.poll();
    },
    who: async (credential) => authenticate(credential),
  };
}

export function runAt(path: readonly RunId[], name: string): Run {
  return {
    id: path.at(-1) as RunId,
    root: path[0] as RunId,
    parent: path.at(-2),
    depth: path.length - 1,
    path,
    name,
    source: 'token',
    tree: NEW_TREE,
  };
}

export const PERMIT: Decision = {
  effect: 'permit',
  rules: ['p/spawn'],
  revision: 'r',
  shadow: undefined,
  facts: {},
  obligations: [],
  quotas: [],
  ...UNBOUND,
};

/** What a token says, unverified. */
export function claimsIn(text: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(text.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
}

/** A proof of possession (RFC 9449 §4.2), as a client makes it but for what is changed. */
export function proof(
  by: KeyPair,
  { header = {}, claims = {}, token: bound }: { header?: object; claims?: object; token?: string } = {},
): string {
  const { kid: _, ...jwk } = by.jwk;
  return compact(
    { typ: 'dpop+jwt', alg: 'ES256', jwk, ...header },
    {
      htm: 'POST',
      htu: `${GATEWAY}/oauth/token`,
      iat: NOW_MS / 1_000,
      jti: crypto.randomUUID(),
      ...(bound !== undefined && { ath: hash('sha256', bound, 'base64url') }),
      ...claims,
    },
    { algorithm: 'ES256', key: by.privateKey },
  );
}
