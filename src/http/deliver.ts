// INVARIANT: a client never takes a broken answer for a complete one.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type BodyControl, type BodySource, discardBody, isAtRest } from '../core/body.ts';
import type { GatewayError } from '../core/errors.ts';
import type { Answer, Cuttable } from '../core/exchange.ts';
import { ONE_WRITE_BYTES, pieceWriter } from './pieces.ts';

/** An answer and the bytes that end its stream if the upstream breaks off. */
export interface Delivery extends Answer {
  /** Undefined or empty where the dialect has no error event: then the connection is cut. */
  readonly broken?: (error: GatewayError) => string | undefined;
  /** The call that it answers, for as long as it flows. */
  readonly flight?: Cuttable;
}

/** Ends an answer that flows before it is complete, with its dialect's error event where it has one. */
export type EndEarly = (error: GatewayError) => void;

const USUAL = { stallMs: 60_000 };

/**
 * Writes an answer. Small ones leave in one write; a reader that stops, stops the upstream, and is cut off after `stallMs`.
 */
export function deliver(
  delivery: Delivery,
  response: ServerResponse,
  { stallMs }: { readonly stallMs: number } = USUAL,
): EndEarly | undefined {
  const { status, headers, body, broken, flight } = delivery;
  if (response.destroyed) {
    discardBody(body);
    return undefined;
  }
  if (isAtRest(body)) {
    const sized =
      'content-length' in headers || body.length === 0
        ? headers
        : { ...headers, 'content-length': String(body.length) };
    if (!isRead(response.req)) refuseRest(response, { status, headers: sized, body });
    else if (!end(response.writeHead(status, sized), body)) response.setTimeout(stallMs);
    return undefined;
  }
  try {
    response.writeHead(status, headers);
  } catch (cause) {
    discardBody(body);
    throw cause;
  }
  response.flushHeaders();
  return flow(body, response, { broken, flight, stallMs });
}

// Node puts a text, but no bytes, into one write with its head. False where the client has not taken all of it.
function end(response: ServerResponse, body: Buffer): boolean {
  if (body.length > ONE_WRITE_BYTES) response.end(body);
  else response.end(body.toString('latin1'), 'latin1');
  return response.writableLength === 0;
}

interface Flowing {
  readonly broken: Delivery['broken'];
  readonly flight: Delivery['flight'];
  readonly stallMs: number;
}

function flow(body: BodySource, response: ServerResponse, { broken, flight, stallMs }: Flowing): EndEarly {
  let control: BodyControl | undefined;
  let done = false;
  let last: Buffer | undefined;
  const fail = (error: GatewayError): void => {
    done = true;
    const bytes = broken?.(error);
    if (!bytes) cut(response);
    else response.end(isBetweenEvents(last) ? bytes.trimStart() : bytes);
  };
  // Node ends the connection then, unless bytes were taken in the meantime.
  const write = pieceWriter(response, () => {
    response.setTimeout(0);
    control?.resume();
  });
  response.once('close', () => {
    if (!done) control?.cancel();
  });
  control = body.start({
    data(chunk) {
      last = chunk;
      if (write(chunk)) return true;
      response.setTimeout(stallMs);
      return false;
    },
    end() {
      done = true;
      response.end();
    },
    fail,
  });
  const endEarly = (error: GatewayError): void => {
    if (done) return;
    fail(error);
    control?.cancel(error);
  };
  flight?.onCut(endEarly);
  return endEarly;
}

// Dialects begin their last event with the blank line that ends a torn one; some clients take it for an event of its own.
function isBetweenEvents(last: Buffer | undefined): boolean {
  return last === undefined || /(?:\n\n|\r\r|\r\n\r\n)$/.test(last.toString('latin1', Math.max(0, last.length - 4)));
}

// To HTTP/1.0 the end of the connection is the end of the answer, unless it is reset.
function cut(response: ServerResponse): void {
  if (response.req.httpVersion === '1.0') response.socket?.resetAndDestroy();
  response.destroy();
}

/** What Node may read and throw away after an early answer, so that the connection can be used again. */
const REST_BYTES = 65_536;
const LINGER_MS = 500;

function isRead(request: IncomingMessage): boolean {
  // A stream of HTTP/2 ends alone; its connection goes on.
  if (request.complete || request.httpVersionMajor === 2) return true;
  const { 'content-length': length, 'transfer-encoding': coding, expect } = request.headers;
  // A client that was not asked for its body may begin its next request where we would still read this one.
  if (expect !== undefined) return false;
  return length === undefined ? coding === undefined : Number(length) <= REST_BYTES;
}

/**
 * Answers a request whose body is still on its way, and ends the connection instead of reading it. It stays open for a
 * moment: a close with unread bytes resets it, which may take the answer away from a client that is still writing.
 */
function refuseRest(response: ServerResponse, { status, headers, body }: Answer & { readonly body: Buffer }): void {
  response.writeHead(status, { ...headers, connection: 'close' }).write(body);
  const timer = setTimeout(() => response.end(), LINGER_MS);
  response.once('close', () => clearTimeout(timer));
}
