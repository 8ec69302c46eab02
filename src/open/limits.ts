// Part of the composition root: the ledger's front, and who is told of what it does.
import type { Config } from '../config/load.ts';
import { systemClock } from '../core/clock.ts';
import { type Reserver, reserver } from '../limits/reserve.ts';
import { storeCause } from '../limits/unavailable.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { Ledger } from './ledger.ts';

export function openLimits({ store }: Config, ledger: Ledger, { log, metrics }: Telemetry): Reserver {
  return reserver({
    store: ledger.store,
    clock: systemClock,
    ...(store.kind === 'redis' && { leaseMs: store.leaseMs }),
    onBypass({ access, localMode: route }, { cause: thrown }) {
      metrics.limitsBypassed(access.action);
      const mode = route === undefined ? { mode: 'free' as const } : { mode: 'local' as const, route };
      metrics.failModeTaken({ dependency: 'store', cause: storeCause(thrown), ...mode });
    },
    onWaited: (wait) => metrics.waited(wait),
    onUnbooked: (call) =>
      log.error('a call let in by a local mode is in the audit alone; `waygate ledger rebuild` counts it', { call }),
    onGivenUp: (call) => log.error('a settlement could not be booked; its lease charges the call in full', { call }),
  });
}
