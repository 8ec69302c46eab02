// The operators' listener over a real socket, with real tokens and a store that tests fill by hand.
import { request } from 'node:http';
import { json, text as plain } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { adminApp } from '../../src/admin/app.ts';
import type { ApiSource } from '../../src/admin/api.ts';
import { runFeed } from '../../src/admin/feed.ts';
import type { OperatorAction } from '../../src/admin/stop-source.ts';
import { listen, listenerOf } from '../../src/http/listener.ts';
import { readiness } from '../../src/http/readiness.ts';
import { hostCheck } from '../../src/http/rebinding.ts';
import { operatorIdentifier } from '../../src/identity/operators.ts';
import { operatorIssuerSchema } from '../../src/identity/schema.ts';
import { ecPair, HandClock, ISSUER, token } from '../identity/issuer.ts';
import { handStore } from './run-store.ts';

const key = ecPair('operators');
export const AUDIENCE = 'waygate-admin';
export const RANKED = { viewer: 'look', approver: 'oncall', operator: 'root' } as const;

/** A token of an operator with these roles of the issuer's own. */
export function operatorToken(roles: readonly string[], claims: object = {}): string {
  return token(key, { claims: { aud: AUDIENCE, sub: 'olga', groups: roles, ...claims } });
}

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
}

export interface Asking {
  readonly method?: string;
  readonly token?: string | undefined;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A listener until the test ends. */
export async function listening(overrides: Partial<ApiSource> = {}) {
  const clock = new HandClock();
  const store = handStore();
  const actions: OperatorAction[] = [];
  const issuer = operatorIssuerSchema.parse({
    issuer: ISSUER,
    audience: AUDIENCE,
    algorithms: ['ES256'],
    jwks: { keys: [key.jwk] },
    claims: { roles: 'groups', tenants: 'tenants' },
    roles: Object.fromEntries(Object.entries(RANKED).map(([rank, role]) => [role, rank])),
  });
  const identify = operatorIdentifier({
    issuers: [{ ...issuer, jwks: { keys: [key.jwk] } }],
    dataIssuers: [{ issuer: ISSUER, audience: ['gw'] }],
    clock,
    remoteKeys: () => {
      throw new Error('the issuer has no address');
    },
  });
  const feed = runFeed({ store, clock, everyMs: 10 });
  const api: ApiSource = {
    store,
    clock,
    feed,
    operators: () => identify,
    onAction: async (action) => void actions.push(action),
    onFault: () => {},
    ...overrides,
  };
  const admin = adminApp({
    readiness: readiness({}),
    metrics: async () => '',
    checkHost: hostCheck('127.0.0.1'),
    api,
  });
  const listener = await listen(listenerOf(admin), { host: '127.0.0.1', port: 0 });
  onTestFinished(async () => {
    feed.close();
    await listener.close();
  });
  return {
    ...listener,
    clock,
    store,
    actions,
    feed,
    ask: (path: string, asking?: Asking) => ask(listener.url, path, asking),
  };
}

/** One request; with a token of every tenant's operator unless another is given. */
export function ask(url: string, path: string, asking: Asking = {}): Promise<Answered> {
  const { method = 'GET', body, headers = {} } = asking;
  const bearer = 'token' in asking ? asking.token : operatorToken([RANKED.operator], { tenants: '*' });
  const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
  const isChunked = 'transfer-encoding' in headers;
  return new Promise((resolve, reject) => {
    const sent = request(`${url}${path}`, {
      method,
      headers: {
        ...(text !== undefined && !isChunked && { 'content-length': Buffer.byteLength(text) }),
        ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
        ...headers,
      },
    });
    sent.once('error', reject);
    sent.once('response', (answer) => {
      const isJson = /json/.test(answer.headers['content-type'] ?? '');
      const read = isJson ? json(answer) : plain(answer);
      read.then((told) => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: told }), reject);
    });
    sent.end(text);
  });
}
