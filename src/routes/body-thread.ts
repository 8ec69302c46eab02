// Entry of a thread that reads large bodies, one at a time: `read` opens a session, `write` or `leave` ends it.
import { parentPort } from 'node:worker_threads';
import { toGatewayError } from '../core/errors.ts';
import { packError, type PackedError } from '../protocols/packed-error.ts';
import type { Reading } from '../protocols/protocol.ts';
import { type BodyRead, type BodySession, type Change, movable, openSession, type Written } from './body-session.ts';

/** To the thread. Bodies are moved, not copied. */
export type Order =
  | { readonly kind: 'read'; readonly read: Omit<BodyRead, 'body'>; readonly body: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'write'; readonly change: Change }
  | { readonly kind: 'leave' };

/** From the thread: one to each `read` and `write`. */
export type Report =
  | { readonly kind: 'reading'; readonly reading: Reading }
  | {
      readonly kind: 'written';
      readonly written: Omit<Written, 'body'>;
      readonly body: Uint8Array<ArrayBuffer>;
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
      const { body, ...written } = session.write(order.change);
      session = undefined;
      report({ kind: 'written', written, body: movable(body) });
      return;
    }
    case 'leave':
      session = undefined;
      return;
    default:
      order satisfies never;
  }
}

function report(message: Report): void {
  const moved = message.kind === 'written' ? [message.body.buffer] : [];
  parentPort?.postMessage(message, moved);
}
