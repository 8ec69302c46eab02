// What another thread does with a large body, in two steps: read it; then, once its route is known, write what leaves.
import { hash } from 'node:crypto';
import type { Call, Dialect } from '../core/call.ts';
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

/** What leaves, and what else takes long to learn from it. */
export type Written = Outgoing & Required<Pick<Call, 'bodySha256'>> & Pick<Call, 'traceSlot'>;

export interface BodySession {
  readonly reading: Reading;
  write(change: Change): Written;
}

/** Objects, arrays and members in the arguments that conditions may read; they are built anew in the thread that decides. */
const PARTS_MAX = 25_000;
/** Plain elements of arrays, which cost as much as one of these. */
const PLAIN_PER_PART = 20;

/** Throws `request.*`. */
export function openSession({ dialect, head, path, body }: BodyRead): BodySession {
  const protocol = PROTOCOLS[dialect];
  const reading = protocol.read(head, path, body);
  // Arguments of tools that the model asked for are read by conditions too.
  const told = reading.toolResults?.map(({ args }) => args) ?? [];
  if (countParts([reading.args, ...told], PARTS_MAX) > PARTS_MAX) {
    throw new GatewayError(
      'request.too_large',
      `the request is large and has more than ${PARTS_MAX} parts besides its messages; send fewer`,
    );
  }
  return {
    reading,
    write(change) {
      const outgoing = protocol.write(body, reading, change);
      const slot = reading.traceable ? protocol.traceSlot?.(outgoing.body) : undefined;
      return { ...outgoing, bodySha256: hash('sha256', outgoing.body), ...(slot && { traceSlot: slot }) };
    },
  };
}

/** Parts of a value of bounded depth; counting ends past `max`. */
function countParts(value: unknown, max: number): number {
  if (typeof value !== 'object' || value === null) return 0;
  const cost = Array.isArray(value) ? 1 / PLAIN_PER_PART : 1;
  let parts = 1;
  for (const key in value) {
    parts += cost + countParts((value as Record<string, unknown>)[key], max - parts);
    if (parts > max) break;
  }
  return parts;
}

/** The body as it can be moved to another thread: memory that is shared with other buffers is copied. */
export function movable(body: Buffer): Uint8Array<ArrayBuffer> {
  const isOwn = body.buffer instanceof ArrayBuffer && body.byteLength === body.buffer.byteLength;
  return isOwn ? (body as Uint8Array<ArrayBuffer>) : new Uint8Array(body);
}
