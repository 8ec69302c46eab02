// Clients that count: every call has a number of its own in its body, and what became of it is kept for the oracle.
import { hash } from 'node:crypto';
import type { Random } from '../support/random.ts';

/** One call as its client saw it. */
export interface ClientCall {
  readonly number: string;
  /** Of the body that it sent. */
  readonly sha256: string;
  readonly gateway: string;
  readonly isStream: boolean;
  /** `undefined` where the connection broke before the answer was whole: nobody told what became of it. */
  readonly status: number | undefined;
  /** By this process' monotonic clock. */
  readonly beganAtMs: number;
  readonly ms: number;
  readonly answerSha256: string | undefined;
  /** Of a refusal; empty else. */
  readonly code: string;
  /** Its upstream is not the witness: nobody knows what it sent. */
  readonly unwitnessed: boolean;
  /** What came, for the search for credentials: refusals whole, answers by their head. */
  readonly text: string;
}

export interface CallOptions {
  readonly isStream?: boolean;
  readonly bearer?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly model?: string;
  /** The upstream by its name, instead of by the model. */
  readonly at?: string;
  readonly unwitnessed?: boolean;
  /** Stands behind the call's number, to make it large. */
  readonly filler?: string;
}

let lastNumber = 0;

/** No two calls of a programme are alike, so that a body's hash names its call. */
function nextNumber(): string {
  lastNumber += 1;
  return `n${process.pid}.${lastNumber}`;
}

const KEPT_CHARS = 4_096;

/** Makes one call and waits for all of its answer. */
export async function makeCall(
  gateway: { readonly name: string; readonly url: string },
  {
    isStream = false,
    bearer = '',
    signal,
    model = 'small',
    at,
    unwitnessed = false,
    filler = '',
    headers = {},
  }: CallOptions,
): Promise<ClientCall> {
  const number = nextNumber();
  const body = JSON.stringify({
    model,
    max_tokens: 100,
    messages: [{ role: 'user', content: `call ${number} ${filler}` }],
    ...(isStream && { stream: true, stream_options: { include_usage: true } }),
  });
  const known = { number, sha256: hash('sha256', body), gateway: gateway.name, isStream, unwitnessed };
  const began = performance.now();
  let text = '';
  let status: number | undefined;
  try {
    const answer = await fetch(`${gateway.url}${at === undefined ? '' : `/${at}`}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json', ...headers },
      body,
      signal: signal ?? AbortSignal.timeout(60_000),
    });
    text = await answer.text();
    ({ status } = answer);
  } catch (error) {
    text = error instanceof Error ? `${error.message} (${String(error.cause)})` : String(error);
  }
  const answerSha256 = status === undefined ? undefined : hash('sha256', text);
  const code = /"code":\s*"([a-z_]+\.[a-z_]+)"/.exec(text)?.[1] ?? '';
  return {
    ...known,
    status,
    beganAtMs: began,
    ms: performance.now() - began,
    answerSha256,
    code,
    text: text.slice(0, KEPT_CHARS),
  };
}

/** Fetches a file through a plain HTTP route, keeping nothing of it; how many bytes came. */
export async function download(
  gateway: { readonly url: string },
  { bearer, path }: { readonly bearer: string; readonly path: string },
): Promise<number> {
  const answer = await fetch(`${gateway.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
    body: JSON.stringify({ note: `call ${nextNumber()}` }),
  });
  if (!answer.ok || !answer.body) throw new Error(`the download gave ${answer.status} ${await answer.text()}`);
  let bytes = 0;
  for await (const chunk of answer.body) bytes += chunk.length;
  return bytes;
}

export interface Traffic {
  /** No further calls; resolves when those under way have ended. */
  stop(): Promise<void>;
}

export interface TrafficOptions {
  readonly perSecond: number;
  readonly random: Random;
  readonly call: (isStream: boolean) => Promise<unknown>;
  /** Calls at once; the paces are kept up only as far as answers allow. */
  readonly atOnce?: number;
}

/** Calls at a steady pace, one in four a stream. */
export function startTraffic({ perSecond, random, call, atOnce = 64 }: TrafficOptions): Traffic {
  const underWay = new Set<Promise<unknown>>();
  const beganMs = performance.now();
  let begun = 0;
  const timer = setInterval(() => {
    const due = ((performance.now() - beganMs) / 1_000) * perSecond;
    while (begun < due) {
      begun += 1;
      if (underWay.size >= atOnce) continue;
      const made = call(random.next() < 0.25).finally(() => underWay.delete(made));
      underWay.add(made);
    }
  }, 10);
  return {
    async stop() {
      clearInterval(timer);
      await Promise.all(underWay);
    },
  };
}
