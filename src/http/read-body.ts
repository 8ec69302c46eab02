import type { IncomingMessage, ServerResponse } from 'node:http';
import { GatewayError } from '../core/errors.ts';
import { type Headers, header } from '../core/exchange.ts';

const EMPTY = Buffer.alloc(0);

export interface Reading {
  readonly headers: Headers;
  /** In bytes. */
  readonly limit: number;
}

/** The whole body of a request. Past the limit nothing more of it is read. */
export function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  { headers, limit }: Reading,
): Promise<Buffer> {
  const coding = header(headers, 'content-encoding');
  if (coding !== undefined && coding.toLowerCase() !== 'identity') return Promise.reject(compressed(coding));
  const announced = header(headers, 'content-length');
  if (announced !== undefined && Number(announced) > limit) return Promise.reject(tooLarge(limit));
  if (announced === '0' || (announced === undefined && headers['transfer-encoding'] === undefined)) {
    return Promise.resolve(EMPTY);
  }
  if (request.destroyed) return Promise.reject(aborted());
  // Only now is the client asked for its body: who it is and where it leads has been looked at.
  if (headers['expect'] !== undefined) response.writeContinue();
  return collect(request, limit);
}

function collect(request: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const take = (chunk: Buffer): void => {
      size += chunk.length;
      if (size <= limit) {
        chunks.push(chunk);
        return;
      }
      request.off('data', take);
      request.pause();
      reject(tooLarge(limit));
    };
    request.on('data', take);
    request.on('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size)));
    request.on('close', () => {
      if (!request.readableEnded) reject(aborted());
    });
  });
}

function tooLarge(limit: number): GatewayError {
  return new GatewayError(
    'request.too_large',
    `the request's body is larger than ${limit} bytes; this route takes no more`,
  );
}

function compressed(coding: string): GatewayError {
  return new GatewayError(
    'request.invalid',
    `the body is compressed (\`${coding.slice(0, 40)}\`), and what cannot be read cannot be decided on; send it without content-encoding`,
  );
}

function aborted(): GatewayError {
  return new GatewayError('request.aborted', 'the client went away before its request was complete');
}
