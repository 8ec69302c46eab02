import type { Headers, Incoming } from '../../src/core/exchange.ts';

/** A request as the front door hands it on. Its body goes to `read` by itself. */
export function request(method: string, headers: Headers = {}): Incoming {
  return {
    method,
    path: '/',
    query: '',
    headers: method === 'POST' ? { 'content-type': 'application/json', ...headers } : headers,
    peer: '127.0.0.1',
    receivedAtMs: 0,
    read: () => Promise.reject(new Error('the body was read already')),
    onAbort: () => {},
  };
}

/** The bytes of a JSON body. */
export function bytes(value: unknown): Buffer {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
}
