// Reads the answer to a compensation to its end, as its client.
import { type BodyControl, isAtRest } from '../core/body.ts';
import { GatewayError } from '../core/errors.ts';
import { type Answer, type Cuttable, header, type Incoming } from '../core/exchange.ts';
import { mcpResponse } from '../protocols/mcp-recorded.ts';
import type { JournalSchedule } from './journal-leases.ts';

export interface CompensationAnswer extends Pick<Answer, 'status' | 'headers'> {
  readonly body: Buffer;
}

/** Longer answers say nothing that counts here. */
const BYTES_MAX = 1_048_576;
/** How long a stream may stay open behind the response. */
const OPEN_MS = 1_000;

/**
 * Resolves at the end of the body, or of a stream once the response is in it: some servers leave it open. Rejects where it
 * breaks, is cut off or is too long. `onAbort` calls back once nobody waits for it any more.
 */
export function readAnswer(
  { status, headers, body, flight }: Answer & { readonly flight?: Cuttable },
  { after, onAbort }: Pick<JournalSchedule, 'after'> & Pick<Incoming, 'onAbort'>,
): Promise<CompensationAnswer> {
  if (isAtRest(body)) return Promise.resolve({ status, headers, body });
  const contentType = header(headers, 'content-type') ?? '';
  const isStream = contentType.startsWith('text/event-stream');
  const { promise, resolve, reject } = Promise.withResolvers<CompensationAnswer>();
  const chunks: Buffer[] = [];
  let size = 0;
  let control: BodyControl | undefined;
  let hasEnded = false;
  const leave = (error?: GatewayError): void => {
    if (!hasEnded) control?.cancel(error);
    hasEnded = true;
  };
  const whole = (): void => resolve({ status, headers, body: Buffer.concat(chunks) });
  control = body.start({
    data(chunk) {
      size += chunk.length;
      if (size > BYTES_MAX) reject(new GatewayError('upstream.too_large', 'its answer is too large to be read'));
      else chunks.push(chunk);
      if (isStream && size <= BYTES_MAX && mcpResponse(Buffer.concat(chunks), contentType)) {
        whole();
        after(OPEN_MS, leave);
      }
      return true;
    },
    end() {
      hasEnded = true;
      whole();
    },
    fail(error) {
      hasEnded = true;
      reject(error);
    },
  });
  flight?.onCut((error) => {
    leave(error);
    reject(error);
  });
  onAbort(leave);
  return promise;
}
