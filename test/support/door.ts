// The front door's limits as a configuration has them that says nothing, and what a test wants otherwise.
import { type InFlight, inFlight } from '../../src/http/in-flight.ts';
import { type Fullness, type Load, load } from '../../src/http/load.ts';
import { type Pace, pace } from '../../src/http/pace.ts';
import { type FrontDoorConfig, frontDoorSchema } from '../../src/http/schema.ts';

export interface Door {
  readonly enter: InFlight['enter'];
  readonly load: Load;
  readonly pace: Pace;
  readonly stallMs: number;
}

export interface DoorOptions {
  readonly limits?: Partial<FrontDoorConfig>;
  readonly flight?: InFlight;
  readonly now?: () => number;
  readonly onShed?: (reason: Fullness) => void;
}

export function door({ limits, flight = inFlight(), now = () => performance.now(), onShed }: DoorOptions = {}): Door {
  const config = { ...frontDoorSchema.parse({}), ...limits };
  const taken = load({ limits: config, inFlight: flight, now, onShed: (reason) => onShed?.(reason) });
  return { enter: (response) => flight.enter(response), load: taken, pace: pace(config, now), stallMs: config.stallMs };
}
