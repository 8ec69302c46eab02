import type { ServerResponse } from 'node:http';

/** Up to here a copy costs less than a second buffer in the write. */
export const ONE_WRITE_BYTES = 16_384;

/**
 * How the pieces of a body that flows are written, once the head has left. False where the client has not taken all so far;
 * `onDrain` is called when it has.
 */
export function pieceWriter(response: ServerResponse, onDrain: () => void): (piece: Buffer) => boolean {
  response.on('drain', onDrain);
  const { socket } = response;
  if (!response.chunkedEncoding || response.req.method === 'HEAD' || !socket) return (piece) => response.write(piece);
  let isFull = false;
  const drained = (): void => {
    isFull = false;
    if (!response.writableEnded) onDrain();
  };
  // A chunk (RFC 9112 §7.1) in one write: Node would make three of it, and wait with them for the end of its turn.
  return function write(piece) {
    if (piece.length > ONE_WRITE_BYTES || !socket.writable) return response.write(piece);
    // An empty chunk would be the last.
    if (piece.length === 0) return !isFull;
    const more = socket.write(`${piece.length.toString(16)}\r\n${piece.toString('latin1')}\r\n`, 'latin1');
    if (!more && !isFull) {
      isFull = true;
      socket.once('drain', drained);
    }
    return more;
  };
}
