// Entry of a thread that reads large bodies, one at a time: `read` opens a session, `write` or `leave` ends it.
import { parentPort } from 'node:worker_threads';
import { toGatewayError } from '../core/errors.ts';
import { packError, type PackedError } from '../protocols/packed-error.ts';
import type { Reading } from '../protocols/protocol.ts';
import { type BodyRead, type BodySession, type Change, movable, openSession, type Written } from './body-session.ts';

/** To the thread. Bodies are moved, not copied. */
export type Order =
  | { readonly kind: 'read'; readonly read: Omit<BodyRead, 'body'>; readonly body: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'write'; readonly changes: readonly Change[] }
  | { readonly kind: 'leave' };

/** From the thread: one to each `read` and `write`. */
export type Report =
  | { readonly kind: 'reading'; readonly reading: Reading }
  | {
      readonly kind: 'written';
      /** One for each change. */
      readonly all: readonly { readonly written: Omit<Written, 'body'>; readonly body: Uint8Array<ArrayBuffer> }[];
    }
  | { readonly kind: 'refused'; readonly error: PackedError };

let session: BodySession | undefined;

parentPort?.on('message', (order: Order) => {
  try {
    obey(order);
  } catch (thrown) {
    session = undefined;
    report({ kind: 'refused', error: packError(toGatewayError(thrown)) });
  }
});

function obey(order: Order): void {
  switch (order.kind) {
    case 'read': {
      const { buffer, byteOffset, byteLength } = order.body;
      session = openSession({ ...order.read, body: Buffer.from(buffer, byteOffset, byteLength) });
      report({ kind: 'reading', reading: session.reading });
      return;
    }
    case 'write': {
      if (!session) throw new Error('there is no body to write');
      report({ kind: 'written', all: writeAll(session, order.changes) });
      session = undefined;
      return;
    }
    case 'leave':
      session = undefined;
      return;
    default:
      order satisfies never;
  }
}

/** A body that leaves twice as it came is copied: memory can be moved once. */
function writeAll(open: BodySession, changes: readonly Change[]): Extract<Report, { kind: 'written' }>['all'] {
  const moved = new Set<ArrayBuffer>();
  return changes.map((change) => {
    const { body, ...written } = open.write(change);
    const own = movable(body);
    const apart = moved.has(own.buffer) ? new Uint8Array(own) : own;
    moved.add(apart.buffer);
    return { written, body: apart };
  });
}

function report(message: Report): void {
  const moved = message.kind === 'written' ? message.all.map(({ body }) => body.buffer) : [];
  parentPort?.postMessage(message, moved);
}
