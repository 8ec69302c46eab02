// The operators' API of a gateway, as commands reach it.
import { existsSync } from 'node:fs';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { ConfigFile } from '../config/schema.ts';
import { systemClock } from '../core/clock.ts';
import { isLoopbackHost } from '../core/loopback.ts';
import type { Rank } from '../core/operator.ts';
import { DEV_ISSUER_FILE, openDevIssuer } from '../identity/dev-issuer.ts';
import { findConfig, readShape } from './config-file.ts';
import { listenerUrl } from './gateway-address.ts';
import { UsageError } from './output.ts';

export interface AdminOptions {
  /** Of the operators' listener; that of the configuration unless said. */
  readonly adminUrl?: string;
  /** Of an operator; else `WAYGATE_ADMIN_TOKEN`, else one of the dev issuer where its key is at hand. */
  readonly token?: string;
  readonly config?: string;
}

export interface AdminClient {
  /** The answer's JSON. Rejects with the sentence that the gateway refused with, or why it could not be asked. */
  call(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<unknown>;
}

const DEMO_URL = 'http://127.0.0.1:4001';
const ANSWER_MS = 30_000;
const DEV_SECONDS = 300;

/** Finds the gateway and a token for it. `rank` is what a token that is made for this has, `answerMs` how long an answer may take. */
export async function adminClient(options: AdminOptions, rank: Rank, answerMs = ANSWER_MS): Promise<AdminClient> {
  const path = findConfig(options.config);
  const config = path === undefined ? undefined : (await readShape(path)).value;
  const url = options.adminUrl ?? (config ? listenerUrl(config.admin, '--admin-url') : DEMO_URL);
  const { protocol, hostname } = new URL(url);
  const isHere = isLoopbackHost(hostname);
  if (protocol !== 'https:' && !isHere) {
    throw new UsageError(`an operator’s token goes over \`https\` or to this machine, not to \`${url}\``);
  }
  const dev = isHere && isDev(config) ? await devToken(join(dirname(path ?? ''), DEV_ISSUER_FILE), rank) : undefined;
  const token = options.token ?? (process.env['WAYGATE_ADMIN_TOKEN'] || dev);
  if (token === undefined) {
    throw new UsageError('who asks? expected an operator’s token in `WAYGATE_ADMIN_TOKEN` or with `--token TOKEN`');
  }
  return { call: async (method, at, body) => told(await send(`${url}${at}`, { method, token, body, answerMs }), url) };
}

/** Without a configuration it is the demo, whose dev issuer is on. */
function isDev(config: ConfigFile | undefined): boolean {
  return config === undefined || config.identity.dev;
}

async function devToken(file: string, rank: Rank): Promise<string | undefined> {
  if (!existsSync(file)) return undefined;
  return openDevIssuer(file).mintOperator({ rank, ttlSeconds: DEV_SECONDS, nowMs: systemClock.now() });
}

interface Sent {
  readonly method: string;
  readonly token: string;
  readonly body: object | undefined;
  readonly answerMs: number;
}

interface Told {
  readonly status: number;
  readonly text: string;
}

/** Follows no redirect: the token is for this address alone. */
async function send(url: string, { method, token, body, answerMs }: Sent): Promise<Told> {
  const content = body === undefined ? '' : JSON.stringify(body);
  const request = url.startsWith('https:') ? requestHttps : requestHttp;
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const sent = request(url, {
    method,
    agent: false,
    signal: AbortSignal.timeout(answerMs),
    headers: {
      authorization: `Bearer ${token}`,
      ...(content !== '' && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(content) }),
    },
  });
  sent.once('response', resolve);
  sent.once('error', reject);
  sent.end(content);
  try {
    const answer = await promise;
    return { status: answer.statusCode ?? 0, text: await text(answer) };
  } catch (cause) {
    const { origin } = new URL(url);
    throw new Error(
      `the operators’ listener at \`${origin}\` does not answer (${wordOf(cause, answerMs)}); start the gateway, or say where it is with \`--admin-url URL\``,
      { cause },
    );
  }
}

function wordOf(cause: unknown, answerMs: number): string {
  if (cause instanceof Error && cause.name === 'AbortError') return `nothing within ${answerMs / 1_000} s`;
  return cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
}

function told({ status, text: content }: Told, url: string): unknown {
  const body = parse(content);
  if (status === 200 && body !== undefined) return body;
  const isProblem = typeof body === 'object' && body !== null && 'detail' in body && typeof body.detail === 'string';
  throw new Error(
    isProblem ? String(body.detail) : `what answers at \`${url}\` is no operators’ API (status ${status})`,
  );
}

function parse(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return undefined;
  }
}
