// HTTP/2 on connections that were negotiated for it. What a peer may make us hold or do is bounded here.
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { constants, createServer, type Http2Session, type ServerOptions } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { GatewayError } from '../core/errors.ts';
import { deliver } from './deliver.ts';
import { problem } from './problem.ts';
import { StreamRequest, StreamResponse } from './stream-messages.ts';

export interface Streams {
  /** Speaks HTTP/2 on a connection. */
  take(socket: TLSSocket): void;
  /** Asks clients to go elsewhere with their next request; what they have sent is answered. */
  leave(): void;
  /** Ends each connection as soon as its answers have ended. */
  close(): void;
}

export interface StreamTimes {
  /** How long a request may take to arrive. */
  readonly requestMs: number;
  /** How long a connection may stay without a request. */
  readonly idleMs: number;
}

/** As many as one swarm of agents may keep open on its one connection. */
const STREAMS = 1_000;
/** What may be under way unread, in bytes: enough for long prompts over long distances. */
const STREAM_WINDOW = 1_048_576;
const SESSION_WINDOW = 4_194_304;
/** As in HTTP/1.1: 16 KiB of head. A field counts 32 bytes more than its characters (RFC 9113 §6.5.2). */
const HEAD_BYTES = 32_768;
const ANY_STREAM = 2 ** 31 - 1;

const OPTIONS: ServerOptions<
  typeof IncomingMessage,
  typeof ServerResponse,
  typeof StreamRequest,
  typeof StreamResponse
> = {
  Http2ServerRequest: StreamRequest,
  Http2ServerResponse: StreamResponse,
  settings: { maxConcurrentStreams: STREAMS, initialWindowSize: STREAM_WINDOW, maxHeaderListSize: HEAD_BYTES },
  // The front door refuses from 100 on, and says so; what is far beyond is not even read.
  maxHeaderListPairs: 256,
  /** In MB, per connection. */
  maxSessionMemory: 64,
  maxSettings: 32,
  maxSessionInvalidFrames: 100,
  maxSessionRejectedStreams: 100,
  // Streams that are opened only to be reset (CVE-2023-44487): so many at once, then so many a second.
  streamResetBurst: 1_000,
  streamResetRate: 33,
  // Of answers, as in HTTP/1.1.
  strictSingleValueFields: false,
};

/** Streams are answered as requests of HTTP/1.1 are. */
export function openStreams(answer: RequestListener, times: StreamTimes): Streams {
  const sessions = new Set<Http2Session>();
  let isLeaving = false;
  // It never listens: connections are handed to it.
  const server = createServer(OPTIONS);
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    session.setLocalWindowSize(SESSION_WINDOW);
    endWhenIdle(session, times.idleMs);
  });
  const take = (request: StreamRequest, response: StreamResponse): void => {
    if (request.stream.destroyed) return;
    // Whoever still comes gets its answer, and goes.
    if (isLeaving) request.stream.session?.close();
    if (!request.stream.endAfterHeaders) endWhenLate(request, times.requestMs);
    // Of itself a stream that has timed out goes on, where a socket of HTTP/1.1 is cut off.
    request.stream.on('timeout', () => request.stream.close(constants.NGHTTP2_CANCEL));
    if (request.scheme === 'https') answer(...asHttp1(request, response));
    else deliver(problem(WRONG_SCHEME, undefined), asHttp1(request, response)[1]);
  };
  server.on('request', take);
  server.on('checkContinue', take);
  return {
    take: (socket) => void server.emit('connection', socket),
    leave() {
      isLeaving = true;
      sessions.forEach(leave);
    },
    close: () => sessions.forEach((session) => session.close()),
  };
}

const WRONG_SCHEME = new GatewayError('request.invalid', 'expected the `:scheme` to be `https`, as the connection is');

/** The two have what the front door uses of HTTP/1.1's messages (stream-messages.ts). */
function asHttp1(request: StreamRequest, response: StreamResponse): Parameters<RequestListener> {
  return [request, response] as unknown as Parameters<RequestListener>;
}

/** PINGs and heads that never end do not keep a connection, only requests do. */
function endWhenIdle(session: Http2Session, idleMs: number): void {
  let open = 0;
  const timer = setTimeout(() => {
    if (open === 0) session.close();
  }, idleMs);
  session.on('stream', (stream) => {
    open += 1;
    stream.once('close', () => {
      open -= 1;
      timer.refresh();
    });
  });
  session.once('close', () => clearTimeout(timer));
}

/** Whoever waits for the body learns that it does not come. */
function endWhenLate(request: StreamRequest, requestMs: number): void {
  const { stream } = request;
  const timer = setTimeout(() => request.destroy(), requestMs);
  const done = (): void => clearTimeout(timer);
  stream.once('end', done);
  stream.once('close', done);
}

const LEAVE_MS = 500;

// In two steps (RFC 9113 §6.8): by the time the client has acknowledged, every request that it sent before it knew is here.
function leave(session: Http2Session): void {
  const close = (): void => session.close();
  session.goaway(constants.NGHTTP2_NO_ERROR, ANY_STREAM);
  session.ping(close);
  const timer = setTimeout(close, LEAVE_MS);
  session.once('close', () => clearTimeout(timer));
}
