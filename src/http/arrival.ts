import type { IncomingMessage } from 'node:http';
import type { Transform } from 'node:stream';
import { GatewayError, toGatewayError } from '../core/errors.ts';
import type { Seat } from '../core/roster.ts';
import { isBomb } from './body-decoder.ts';
import type { Gathered } from './gathered.ts';
import type { Pace, Paced } from './pace.ts';

export interface Arriving {
  readonly gathered: Gathered;
  readonly limit: number;
  /** Books what was not announced. */
  readonly held: ((bytes: number) => void) | undefined;
  readonly pace: Pace;
  readonly decoder: Transform | undefined;
  readonly resolve: (body: Buffer) => void;
  readonly reject: (error: GatewayError) => void;
}

/** A body on its way, from its first byte to its last or to its refusal. */
export class Arrival implements Paced {
  readonly startedAtMs: number;
  received = 0;
  readonly #request: IncomingMessage;
  readonly #arriving: Arriving;
  #seat: Seat | undefined;
  #isOver = false;

  constructor(request: IncomingMessage, arriving: Arriving) {
    this.#request = request;
    this.#arriving = arriving;
    this.startedAtMs = arriving.pace.now();
  }

  start(): void {
    const { decoder, pace } = this.#arriving;
    this.#seat = pace.watch(this);
    this.#request.on('data', this.#take);
    this.#request.on('end', () => (decoder ? decoder.end() : this.#complete()));
    this.#request.on('close', () => {
      if (!this.#request.readableEnded) this.#fail(aborted());
    });
    if (decoder) this.#decode(decoder);
  }

  giveUp(): void {
    this.#fail(new GatewayError('request.timeout', 'the body came too slowly; send the request again, and faster'));
  }

  readonly #take = (chunk: Buffer): void => {
    const { decoder, limit } = this.#arriving;
    this.received += chunk.length;
    if (!decoder) this.#gather(chunk);
    else if (this.received > limit) this.#fail(tooLarge(limit));
    else if (!decoder.write(chunk)) this.#request.pause();
  };

  #decode(decoder: Transform): void {
    decoder.on('data', (chunk: Buffer) => {
      this.#gather(chunk);
      if (isBomb(this.#arriving.gathered.size, this.received)) this.#fail(outOfProportion());
    });
    decoder.on('drain', () => {
      if (!this.#isOver) this.#request.resume();
    });
    decoder.on('end', () => this.#complete());
    decoder.on('error', (cause) => this.#fail(new GatewayError('request.invalid', NOT_DECODABLE, { cause })));
  }

  #gather(chunk: Buffer): void {
    if (this.#isOver) return;
    const { gathered, held, limit } = this.#arriving;
    if (gathered.size + chunk.length > limit) return this.#fail(tooLarge(limit));
    try {
      held?.(chunk.length);
    } catch (refusal) {
      return this.#fail(toGatewayError(refusal));
    }
    gathered.add(chunk);
  }

  #complete(): void {
    if (this.#isOver) return;
    this.#leave();
    this.#arriving.resolve(this.#arriving.gathered.body());
  }

  #fail(error: GatewayError): void {
    if (this.#isOver) return;
    this.#leave();
    this.#request.pause();
    this.#arriving.decoder?.destroy();
    this.#arriving.reject(error);
  }

  #leave(): void {
    this.#isOver = true;
    this.#request.off('data', this.#take);
    this.#seat?.leave();
  }
}

const NOT_DECODABLE = 'the body is not what its `content-encoding` says, or it ends too early';

/** The refusal of a body past the limit of its route, in bytes. */
export function tooLarge(limit: number): GatewayError {
  return new GatewayError(
    'request.too_large',
    `the request's body is larger than ${limit} bytes; this route takes no more`,
  );
}

function outOfProportion(): GatewayError {
  return new GatewayError(
    'request.too_large',
    'the body is compressed more than a hundredfold; send it without `content-encoding`',
  );
}

/** What becomes of a body whose client went away. */
export function aborted(): GatewayError {
  return new GatewayError('request.aborted', 'the client went away before its request was complete');
}
