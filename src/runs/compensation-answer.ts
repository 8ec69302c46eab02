// Reads the answer to a compensation to its end, as its client.
import { isAtRest } from '../core/body.ts';
import { GatewayError } from '../core/errors.ts';
import { type Answer, type Cuttable, header } from '../core/exchange.ts';
import { mcpResponse } from '../protocols/mcp-recorded.ts';

export interface CompensationAnswer extends Pick<Answer, 'status' | 'headers'> {
  readonly body: Buffer;
}

/** Longer answers say nothing that counts here. */
const BYTES_MAX = 1_048_576;

/**
 * Resolves at the end of the body, or of a stream once the response is in it: some servers leave it open. Rejects where it
 * breaks, is cut off or is too long.
 */
export function readAnswer({
  status,
  headers,
  body,
  flight,
}: Answer & { readonly flight?: Cuttable }): Promise<CompensationAnswer> {
  if (isAtRest(body)) return Promise.resolve({ status, headers, body });
  const contentType = header(headers, 'content-type') ?? '';
  const isStream = contentType.startsWith('text/event-stream');
  const { promise, resolve, reject } = Promise.withResolvers<CompensationAnswer>();
  const chunks: Buffer[] = [];
  let size = 0;
  const whole = (): void => resolve({ status, headers, body: Buffer.concat(chunks) });
  const control = body.start({
    data(chunk) {
      size += chunk.length;
      if (size > BYTES_MAX) reject(new GatewayError('upstream.too_large', 'its answer is too large to be read'));
      else chunks.push(chunk);
      if (isStream && size <= BYTES_MAX && mcpResponse(Buffer.concat(chunks), contentType)) whole();
      return true;
    },
    end: whole,
    fail: reject,
  });
  flight?.onCut((error) => {
    control.cancel(error);
    reject(error);
  });
  return promise;
}
