// The upstream as a witness: it answers each call by its number, keeps what it was sent and what it sent, and looks
// into the audit at the first byte of every call.
import { hash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { type Received, type ScriptedUpstream, scriptedUpstream } from '../support/upstream.ts';
import type { AuditTail } from './audit-tail.ts';

/** One request as the upstream saw it. */
export interface Arrival {
  /** Of the client's call; empty where the body has none. */
  readonly number: string;
  readonly sha256: string;
  readonly atMs: number;
  readonly credential: string;
  /** Permits for exactly this body that stood in the audit when it arrived. */
  readonly permitsBefore: number;
  /** Set once its answer was sent whole. */
  answered?: { readonly status: number; readonly sha256: string };
}

export interface Witness {
  readonly url: string;
  readonly port: number;
  readonly arrivals: readonly Arrival[];
  /** How it answers from now on; `wellBehaved` at first. */
  behave: (asked: Asked) => void;
  close(): Promise<void>;
}

export interface Asked {
  readonly number: string;
  readonly isStream: boolean;
  readonly response: ServerResponse;
  /** Sends a whole answer and writes it down. */
  readonly answer: (status: number, body: string, headers?: Readonly<Record<string, string>>) => void;
  /** Writes down what a behaviour of its own has sent whole. */
  readonly sent: (status: number, body: string) => void;
}

const NUMBER = /call ([\w.]+)/;

export async function witness(audit: AuditTail): Promise<Witness> {
  const arrivals: Arrival[] = [];
  const server: ScriptedUpstream = await scriptedUpstream();
  const self: Pick<Witness, 'behave'> = { behave: wellBehaved };
  server.answer = (request, response) => {
    const arrival = arrivalOf(request, audit);
    arrivals.push(arrival);
    // A test's memory is not for bodies: what was received is written down as a hash.
    server.received.length = 0;
    response.on('error', () => {});
    const sent = (status: number, body: string): void => {
      arrival.answered = { status, sha256: hash('sha256', body) };
    };
    self.behave({
      number: arrival.number,
      isStream: request.body.includes('"stream":true'),
      response,
      sent,
      answer(status, body, headers = {}) {
        if (response.destroyed) return;
        response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
        sent(status, body);
      },
    });
  };
  return Object.assign(self, {
    url: server.url,
    port: Number(new URL(server.url).port),
    arrivals,
    close: () => server.close(),
  });
}

function arrivalOf({ body, headers }: Received, audit: AuditTail): Arrival {
  const sha256 = hash('sha256', body);
  return {
    number: NUMBER.exec(body.toString('latin1'))?.[1] ?? '',
    sha256,
    atMs: Date.now(),
    credential: String(headers.authorization),
    permitsBefore: audit.permitsOf(sha256),
  };
}

const USAGE = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
const STREAM_EVENTS = 4;

/** An answer that names its call, so that no two are alike; 30 micro-USD. */
export function completionOf(number: string): string {
  const message = { role: 'assistant', content: `answer ${number}` };
  const choices = [{ index: 0, message, finish_reason: 'stop' }];
  return JSON.stringify({ id: number, object: 'chat.completion', created: 1, model: 'small', choices, usage: USAGE });
}

export function eventsOf(number: string): readonly string[] {
  const base = { id: number, object: 'chat.completion.chunk', created: 1, model: 'small' };
  const event = (rest: object): string => `data: ${JSON.stringify({ ...base, ...rest })}\n\n`;
  const delta = (content: string): object => ({ choices: [{ index: 0, delta: { content }, finish_reason: null }] });
  return [
    ...Array.from({ length: STREAM_EVENTS }, (_, index) => event(delta(`${number}.${index} `))),
    event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }),
    event({ choices: [], usage: USAGE }),
    'data: [DONE]\n\n',
  ];
}

/** Answers at once, streams in a few pieces. */
export function wellBehaved(asked: Asked): void {
  if (asked.isStream) void stream(asked, 2);
  else asked.answer(200, completionOf(asked.number));
}

/** As `wellBehaved`, but each answer takes so long. */
export function slow(ms: number): (asked: Asked) => void {
  return (asked) => {
    if (asked.isStream) void stream(asked, ms / STREAM_EVENTS);
    else setTimeout(() => asked.answer(200, completionOf(asked.number)), ms);
  };
}

async function stream({ number, response, sent }: Asked, pauseMs: number): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const events = eventsOf(number);
  for (const event of events) {
    if (response.destroyed) return;
    response.write(event);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  response.end();
  sent(200, events.join(''));
}
