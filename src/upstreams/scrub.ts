// INVARIANT: an upstream that echoes its credential does not hand it to the client.
import { type Body, type BodyControl, type BodySink, type BodySource, isAtRest } from '../core/body.ts';

const MASK = 0x2a; // `*`, so that lengths stay as they were announced

/** A body with the secret masked wherever it stands in plain bytes. */
export function scrubBody(body: Body, secret: Buffer): Body {
  return isAtRest(body) ? scrubBuffer(body, secret) : scrubSource(body, secret);
}

/** The same bytes with every occurrence of the secret masked. */
export function scrubBuffer(bytes: Buffer, secret: Buffer): Buffer {
  let at = bytes.indexOf(secret);
  if (at < 0) return bytes;
  const clean = Buffer.from(bytes);
  for (; at >= 0; at = clean.indexOf(secret, at + secret.length)) clean.fill(MASK, at, at + secret.length);
  return clean;
}

/** Masks the secret in a text, e.g. a header's value. */
export function scrubText(text: string, secret: string): string {
  return text.includes(secret) ? text.replaceAll(secret, '*'.repeat(secret.length)) : text;
}

/** How many bytes at the end may be the beginning of the secret: they wait for the next chunk. */
function heldBack(bytes: Buffer, secret: Buffer): number {
  const first = secret[0];
  for (let length = Math.min(secret.length - 1, bytes.length); length > 0; length -= 1) {
    const start = bytes.length - length;
    if (bytes[start] === first && bytes.compare(secret, 0, length, start) === 0) return length;
  }
  return 0;
}

/** The same body with the secret masked, across chunks too, and nothing delayed but a possible beginning of it. */
export function scrubSource(source: BodySource, secret: Buffer): BodySource {
  return {
    start(sink: BodySink): BodyControl {
      let held: Buffer | undefined;
      const flush = (): void => {
        if (held) sink.data(held);
        held = undefined;
      };
      return source.start({
        data(chunk) {
          const bytes = scrubBuffer(held ? Buffer.concat([held, chunk]) : chunk, secret);
          const keep = heldBack(bytes, secret);
          held = keep > 0 ? bytes.subarray(bytes.length - keep) : undefined;
          return keep === bytes.length || sink.data(keep > 0 ? bytes.subarray(0, bytes.length - keep) : bytes);
        },
        end() {
          flush();
          sink.end();
        },
        fail(error) {
          flush();
          sink.fail(error);
        },
      });
    },
  };
}
