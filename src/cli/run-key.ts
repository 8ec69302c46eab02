// A run's key: made by the gateway's token exchange (RFC 8693) when a run begins, revoked (RFC 7009) when it ends.
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { text } from 'node:stream/consumers';
import { ACCESS_TOKEN, EXCHANGE_GRANT, RUN_KEY } from '../identity/exchange-request.ts';
import { RUN_KEY_PREFIX } from '../identity/run-key.ts';

export interface KeyRequest {
  /** Of whoever starts the run: a token of an identity provider, an API key, or what the gateway made for the run above. */
  readonly token: string;
  /** The agent that the program is; as the token says unless given. */
  readonly agent?: string;
  readonly name: string;
  /** As `5 USD`. */
  readonly budget?: string;
  readonly seconds?: number;
}

export interface RunKey {
  readonly key: string;
  readonly run: string;
  readonly depth: number;
}

const ANSWER_MS = 30_000;

/** Begins a run. Rejects with what the gateway refused with. */
export async function beginRun(url: string, asked: KeyRequest): Promise<RunKey> {
  const { token, agent, name, budget, seconds } = asked;
  const { status, body } = await post(`${url}/oauth/token`, {
    grant_type: EXCHANGE_GRANT,
    subject_token: token,
    subject_token_type: token.startsWith(RUN_KEY_PREFIX) ? RUN_KEY : ACCESS_TOKEN,
    requested_token_type: RUN_KEY,
    run_name: name,
    ...(agent !== undefined && { agent_name: agent }),
    ...(budget !== undefined && { budget }),
    ...(seconds !== undefined && { expires_in: String(seconds) }),
  });
  const { access_token: key, run_id: run, depth = 0 } = body as Granted;
  if (status === 200 && key !== undefined && run !== undefined) return { key, run, depth };
  throw new Error(`the gateway begins no run: ${refusalOf(status, body)}`);
}

/** Ends a run, and all below it. Rejects where the gateway does not do so. */
export async function endRun(url: string, key: string): Promise<void> {
  const { status, body } = await post(`${url}/oauth/revoke`, { token: key });
  if (status !== 200) throw new Error(refusalOf(status, body));
}

interface Granted {
  readonly access_token?: string;
  readonly run_id?: string;
  readonly depth?: number;
}

interface Answered {
  readonly status: number;
  readonly body: object;
}

/** Follows no redirect: what is sent is for this address alone. */
async function post(url: string, fields: Readonly<Record<string, string>>): Promise<Answered> {
  const form = new URLSearchParams(fields).toString();
  const request = url.startsWith('https:') ? requestHttps : requestHttp;
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const sent = request(url, {
    method: 'POST',
    agent: false,
    signal: AbortSignal.timeout(ANSWER_MS),
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(form) },
  });
  sent.once('response', resolve);
  sent.once('error', reject);
  sent.end(form);
  try {
    const answer = await promise;
    return { status: answer.statusCode ?? 0, body: objectOf(await text(answer)) };
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    const { origin } = new URL(url);
    throw new Error(
      `the gateway at \`${origin}\` does not answer (${code}); start it, or say where it is with \`--url URL\``,
      {
        cause,
      },
    );
  }
}

function objectOf(content: string): object {
  try {
    const value: unknown = JSON.parse(content);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

function refusalOf(status: number, body: object): string {
  const { error_description: said, rule } = body as { readonly error_description?: string; readonly rule?: string };
  if (said !== undefined) return rule === undefined || said.includes(rule) ? said : `${said} (${rule})`;
  return status === 404
    ? 'it makes no tokens; put `delegation: { issuer: … }` into its configuration (docs/delegation.md)'
    : `it answers ${status}`;
}
