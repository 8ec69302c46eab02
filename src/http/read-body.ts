import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Headers, header } from '../core/exchange.ts';
import { aborted, Arrival, type Arriving, tooLarge } from './arrival.ts';
import { bodyDecoder } from './body-decoder.ts';
import { Gathered } from './gathered.ts';
import type { Flight } from './in-flight.ts';
import type { Load } from './load.ts';
import type { Pace } from './pace.ts';

const EMPTY = Buffer.alloc(0);

/** What watches over all bodies that are read. */
export interface BodyRules {
  readonly load: Pick<Load, 'hold'>;
  readonly pace: Pace;
}

export interface Reading {
  readonly headers: Headers;
  /** Its content coding; undefined where it comes as it is. */
  readonly coding: string | undefined;
  /** In bytes, as it comes and decoded. */
  readonly limit: number;
  readonly rules: BodyRules;
  readonly flight: Flight;
}

/** The whole body of a request, decoded. Past the limit nothing more of it is read. */
export function readBody(request: IncomingMessage, response: ServerResponse, reading: Reading): Promise<Buffer> {
  const length = header(reading.headers, 'content-length');
  if (length === '0' || (length === undefined && reading.headers['transfer-encoding'] === undefined)) {
    return Promise.resolve(EMPTY);
  }
  // What is thrown in here rejects.
  return new Promise((resolve, reject) => {
    const announced = length === undefined ? undefined : Number(length);
    if (announced !== undefined) book(reading, announced);
    if (request.destroyed) throw aborted();
    const whole = reading.coding === undefined ? takeWhole(request, announced) : undefined;
    if (whole) return resolve(whole);
    const arriving = prepare(reading, announced);
    // Only now is the client asked for its body: who it is and where it leads has been looked at.
    if (reading.headers['expect'] !== undefined) response.writeContinue();
    new Arrival(request, { ...arriving, resolve, reject }).start();
  });
}

function book({ limit, rules: { load }, flight }: Reading, announced: number): void {
  if (announced > limit) throw tooLarge(limit);
  load.hold(flight, announced);
}

/** A body that has come with its head, as most do: then there is nothing to wait for, and nothing to watch over. */
function takeWhole(request: IncomingMessage, announced: number | undefined): Buffer | undefined {
  if (request.readableLength !== announced) return undefined;
  const body = request.read() as Buffer;
  // To its end, which frees the connection for the next request.
  request.resume();
  return body;
}

function prepare(
  { coding, limit, rules: { load, pace }, flight }: Reading,
  announced: number | undefined,
): Omit<Arriving, 'resolve' | 'reject'> {
  const decoder = coding === undefined ? undefined : bodyDecoder(coding);
  const isBooked = announced !== undefined && !decoder;
  const held = isBooked ? undefined : (bytes: number) => load.hold(flight, bytes);
  return { gathered: new Gathered(isBooked ? announced : undefined), limit, held, pace, decoder };
}
