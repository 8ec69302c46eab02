// Part of the composition root: what people are told, off the way of every call.
import type { Config } from '../config/load.ts';
import { systemClock } from '../core/clock.ts';
import { systemSchedule } from '../limits/schedule.ts';
import type { OutboundClient } from '../outbound/client.ts';
import { webhook } from '../outbound/webhook.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';

export interface Notices {
  /** Queues a notice; nothing where nobody receives any. */
  send(id: string, body: Readonly<Record<string, unknown>>): void;
  close(): Promise<void>;
}

export function openNotices(config: Config, outbound: OutboundClient, { log, metrics }: Telemetry): Notices {
  const { webhook: receiver } = config.notices;
  if (!receiver) return { send() {}, close: async () => {} };
  return webhook({
    client: outbound,
    url: receiver.url,
    secret: receiver.secret === undefined ? undefined : config.secret(receiver.secret),
    clock: systemClock,
    after: (ms, work) => systemSchedule.after(ms, work),
    onLost(id, why) {
      metrics.storeFailed('notice');
      log.warn('a notice did not arrive', { notice: id, why });
    },
  });
}
