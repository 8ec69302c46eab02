import type { Incoming } from '../core/exchange.ts';
import type { CallTrace } from '../core/trace.ts';
import type { Charge } from '../core/usage.ts';
import type { LocalBoundsOf } from './local-bounds.ts';
import type { PlacesMax } from './places.ts';
import type { WaitOutcome } from './waiter.ts';

/** What a call asks for, and how it may wait for it. */
export interface Admission {
  /** The worst that the call may use. */
  readonly quote: Charge;
  readonly waiting: WaitingConfig;
  /** Says when the client goes away, which ends the wait of a call that its client may abort. */
  readonly request: Pick<Incoming, 'onAbort'>;
  /** What the call's route may let through while the store does not answer; nothing where it is left out. */
  readonly localBounds?: LocalBoundsOf;
  /** Told of the end of a wait, where there was one. */
  readonly trace: Pick<CallTrace, 'waited'>;
}

/** `limits` of the config. */
export interface WaitingConfig extends PlacesMax {
  /** The longest wait, where a limit does not say its own; 0 for none. */
  readonly waitMs: number;
}

/** A wait that is over. */
export interface Wait {
  readonly ms: number;
  /** The limit that the call waited for first. */
  readonly limit: string;
  readonly outcome: WaitOutcome;
}
