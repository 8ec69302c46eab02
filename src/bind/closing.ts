// Part of the composition root: the end of a call, told to everybody who keeps something of it.
import type { GatewayError } from '../core/errors.ts';
import { storeCause } from '../limits/unavailable.ts';
import type { RefusalMemory } from '../limits/refusal-memory.ts';
import { alertsOf } from '../runs/alerts.ts';
import type { Stages } from '../stages.ts';
import { CLOSED } from '../telemetry/fail-modes.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { remembering } from './history.ts';
import type { Parts } from './parts.ts';

export function closing({ telemetry, recorder, history, notices }: Parts, refusals: RefusalMemory): Stages['close'] {
  const remember = remembering(history);
  return function close(record, trace) {
    trace.end(record);
    recorder.end(record, trace.traceId);
    refusals.remember(record);
    remember(record);
    const { error, id } = record;
    for (const { alert, ...notice } of alertsOf(record)) {
      telemetry.log.warn('a call that a policy tells people of', alert);
      notices.send(`${id}:${String(alert['rule'])}`, { ...notice, alert });
    }
    if (error === undefined) return;
    countClosed(error, telemetry);
    if (error.cause !== undefined)
      telemetry.log.warn('a call failed', { call: id, code: error.code, cause: error.cause });
  };
}

function countClosed({ code, cause }: GatewayError, { metrics }: Telemetry): void {
  const closed = CLOSED[code];
  if (!closed) return;
  const known = closed.dependency === 'store' ? { ...closed, cause: storeCause(cause) } : closed;
  metrics.failModeTaken({ ...known, mode: 'closed' });
}
