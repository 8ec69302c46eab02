// What another thread does with a large body, in two steps: read it; then, once its route is known, write what leaves.
import { hash } from 'node:crypto';
import type { Dialect } from '../core/call.ts';
import { GatewayError } from '../core/errors.ts';
import type { RequestHead } from '../core/exchange.ts';
import { PROTOCOLS } from '../protocols/index.ts';
import type { Outgoing, Reading } from '../protocols/protocol.ts';

/** What a protocol writes by: the upstream's name of the model, and whether the answer's usage is read. */
export interface Change {
  readonly model: string;
  readonly meter: boolean;
}

/** A request with a body to read. */
export interface BodyRead {
  readonly dialect: Dialect;
  readonly head: RequestHead;
  /** Below the route's base. */
  readonly path: string;
  readonly body: Buffer;
}

/** What leaves, and its digest in hex. */
export interface Written extends Outgoing {
  readonly sha256: string;
}

export interface BodySession {
  readonly reading: Reading;
  write(change: Change): Written;
}

/** Values in the arguments that conditions may read; they are built anew in the thread that decides. */
const VALUES_MAX = 20_000;

/** Throws `request.*`. */
export function openSession({ dialect, head, path, body }: BodyRead): BodySession {
  const protocol = PROTOCOLS[dialect];
  const reading = protocol.read(head, path, body);
  if (countValues(reading.args, VALUES_MAX) > VALUES_MAX) {
    throw new GatewayError(
      'request.too_large',
      `the request is large and has more than ${VALUES_MAX} values besides its messages; send fewer`,
    );
  }
  return {
    reading,
    write(change) {
      const outgoing = protocol.write(body, reading, change);
      return { ...outgoing, sha256: hash('sha256', outgoing.body) };
    },
  };
}

/** Values in a value of bounded depth, itself included; counting ends past the bound. */
function countValues(value: unknown, max: number): number {
  if (typeof value !== 'object' || value === null) return 1;
  let count = 1;
  for (const member of Object.values(value)) {
    count += countValues(member, max - count);
    if (count > max) break;
  }
  return count;
}
