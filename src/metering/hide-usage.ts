import { changeEvent, endOfEvent } from '../protocols/sse.ts';
import { KEPT_BYTES_MAX } from './read-body.ts';

/** Takes usage out of a stream, event by event; the bytes of other events stay as they are. */
export interface UsageHider {
  /** What may leave now; empty where no event is complete. Undefined once an event is too large to hold. */
  push(chunk: Buffer): Buffer | undefined;
  /** What is left when the stream ends. */
  rest(): Buffer;
}

export function usageHider(hide: (data: string) => string | undefined): UsageHider {
  let held = '';
  return {
    push(chunk) {
      // A blank line may begin at the end of what is held.
      const before = Math.max(0, held.length - 3);
      held += chunk.toString('latin1');
      let out = '';
      let at = 0;
      for (let end = endOfEvent(held, before); end >= 0; end = endOfEvent(held, at)) {
        out += changeEvent(held.slice(at, end), hide) ?? '';
        at = end;
      }
      held = held.slice(at);
      return held.length > KEPT_BYTES_MAX ? undefined : Buffer.from(out, 'latin1');
    },
    rest() {
      const out = changeEvent(held, hide) ?? '';
      held = '';
      return Buffer.from(out, 'latin1');
    },
  };
}
