// Content codings of request bodies (RFC 9110 §8.4). Node's streams decode in the thread pool, a piece at a time.
// INVARIANT: what is decoded is what is read, decided on and sent; the coding ends here.
// INVARIANT: nothing is decoded past what may come of it.
import type { Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createZstdDecompress } from 'node:zlib';
import { GatewayError } from '../core/errors.ts';

const PIECE = { chunkSize: 65_536 };

// Not `deflate`: half of its senders mean zlib (RFC 1950), the other half the raw form.
const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: () => createGunzip(PIECE),
  'x-gzip': () => createGunzip(PIECE),
  br: () => createBrotliDecompress(PIECE),
  zstd: () => createZstdDecompress(PIECE),
};

/** What a body may decode to whatever its size, so that small ones may repeat themselves. */
const RATIO_FREE_BYTES = 1_048_576;
const RATIO_MAX = 100;

/** A decoder for one coding. Throws `request.encoding` for an unknown one, and for several on top of each other. */
export function bodyDecoder(coding: string): Transform {
  const name = coding.toLowerCase();
  const make = Object.hasOwn(DECODERS, name) ? DECODERS[name] : undefined;
  if (make) return make();
  throw new GatewayError(
    'request.encoding',
    `the body's \`content-encoding\` is \`${coding.slice(0, 40)}\`; expected one of gzip, br and zstd, or none`,
  );
}

/** Whether a body grows out of proportion to the bytes that it came in. */
export function isBomb(decoded: number, encoded: number): boolean {
  return decoded > RATIO_FREE_BYTES && decoded > encoded * RATIO_MAX;
}
