import type { Body } from './body.ts';
import type { GatewayError } from './errors.ts';

/** Header names in lower case. A repeated field keeps all its values. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A request as the front door hands it on: unambiguous, its body still unread. */
export interface Incoming {
  readonly method: string;
  /** The canonical path, without the query. */
  readonly path: string;
  /** With its `?`, or empty. */
  readonly query: string;
  readonly headers: Headers;
  /** Address of the peer, for telemetry. */
  readonly peer: string | undefined;
  readonly receivedAtMs: number;
  /** Reads the whole body; throws `request.too_large` past `limit` bytes. */
  read(limit: number): Promise<Buffer>;
  /** Calls back once if the client goes away before its answer is complete. */
  onAbort(listener: () => void): void;
}

/** A call under way, which may be cut off before it has ended. */
export interface Cuttable {
  /** Calls back once if it is cut off, at once where it has been. */
  onCut(listener: (error: GatewayError) => void): void;
}

/** What a dialect reads of a request besides its body: plain values, so that another thread can do it. */
export type RequestHead = Pick<Incoming, 'method' | 'path' | 'query' | 'headers'>;

/** What goes back to the client. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: Body;
}

/** The first value of a header, or undefined. */
export function header(headers: Headers, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : value?.[0];
}
