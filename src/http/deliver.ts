import type { ServerResponse } from 'node:http';
import type { BodyControl } from '../core/body.ts';
import { isAtRest } from '../core/body.ts';
import type { GatewayError } from '../core/errors.ts';
import type { Answer } from '../core/exchange.ts';

/** An answer and the bytes that end its stream if the upstream breaks off. */
export interface Delivery extends Answer {
  /** Undefined where the dialect has no error event: then the connection is cut, so that nobody takes the answer for complete. */
  readonly broken?: (error: GatewayError) => string | undefined;
}

/** Writes an answer. Small ones leave in one write; a reader that stops, stops the upstream. */
export function deliver(delivery: Delivery, response: ServerResponse): void {
  const { status, headers, body } = delivery;
  if (response.destroyed) {
    if (!isAtRest(body)) body.start(NOBODY).cancel();
    return;
  }
  if (isAtRest(body)) {
    response.writeHead(
      status,
      'content-length' in headers || body.length === 0 ? headers : { ...headers, 'content-length': body.length },
    );
    response.end(body);
    return;
  }
  response.writeHead(status, headers);
  response.flushHeaders();
  flow(delivery, response);
}

const NOBODY = { data: () => true, end: () => {}, fail: () => {} };

function flow({ body, broken }: Delivery, response: ServerResponse): void {
  if (isAtRest(body)) return;
  let control: BodyControl | undefined;
  let done = false;
  const finish = (): void => {
    done = true;
  };
  response.on('drain', () => control?.resume());
  response.once('close', () => {
    if (!done) control?.cancel();
  });
  control = body.start({
    data: (chunk) => response.write(chunk),
    end() {
      finish();
      response.end();
    },
    fail(error) {
      finish();
      const last = broken?.(error);
      if (last === undefined) response.destroy();
      else response.end(last);
    },
  });
}
