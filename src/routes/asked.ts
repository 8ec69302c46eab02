import type { Dialect } from '../core/call.ts';
import type { Headers, Incoming } from '../core/exchange.ts';
import type { CallId } from '../core/ids.ts';
import type { Principal } from '../core/principal.ts';
import type { Run } from '../core/run.ts';
import type { HttpOperation } from '../protocols/http.ts';
import type { Reading } from '../protocols/protocol.ts';
import type { RouteMatch } from './table.ts';

/** A request whose route and dialect are known, its body still unread. */
export interface Place extends RouteMatch {
  readonly dialect: Dialect;
  /** Of a plain HTTP API. */
  readonly http: HttpOperation | undefined;
}

/** What `resolve` takes besides the place: who asks, in which run, under which id. */
export interface Asking {
  readonly id: CallId;
  readonly principal: Principal;
  readonly run: Run;
  readonly body: Buffer;
  readonly nowMs: number;
}

/** A request whose body has been read. */
export interface Asked {
  readonly request: Incoming;
  readonly place: Place;
  readonly reading: Reading;
  readonly asking: Asking;
  /** What may go upstream of the client's. */
  readonly headers: Headers;
}
