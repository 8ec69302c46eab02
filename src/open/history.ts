// Part of the composition root: what model traffic tells of an agent's tools, and the timeline of its runs.
import { systemClock } from '../core/clock.ts';
import type { Ledger } from './ledger.ts';
import { systemSchedule } from '../limits/schedule.ts';
import { LoopGuard } from '../runs/loop-guard.ts';
import { memoryLoops } from '../runs/loop-memory.ts';
import { redisLoops } from '../runs/loop-redis.ts';
import { localSteps, type TimelineStore } from '../runs/timeline.ts';
import { memoryTimelines } from '../runs/timeline-memory.ts';
import { redisTimelines } from '../runs/timeline-redis.ts';
import { TimelineWriter } from '../runs/timeline-writer.ts';
import { LocalTools } from '../runs/tool-use-local.ts';
import { memoryUses } from '../runs/tool-use-memory.ts';
import { redisUses } from '../runs/tool-use-redis.ts';
import { ToolUses } from '../runs/tool-uses.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';

/** What outlives a reload of what runs remember of their tools. */
export interface History {
  readonly uses: ToolUses;
  readonly local: LocalTools;
  readonly loops: LoopGuard;
  readonly timeline: TimelineStore;
  readonly writer: TimelineWriter;
}

export function openHistory({ client }: Pick<Ledger, 'client'>, { metrics }: Telemetry): History {
  const clock = systemClock;
  const onError = (): void => metrics.storeFailed('history');
  const own = memoryUses({ clock });
  const shared = client && redisUses(client);
  const timeline = client ? redisTimelines(client) : memoryTimelines({ clock });
  const writer = new TimelineWriter({
    store: timeline,
    after: (ms, work) => systemSchedule.after(ms, work),
    onDropped: () => metrics.storeFailed('timeline'),
  });
  const onLocal: ConstructorParameters<typeof LocalTools>[0]['onLocal'] = ({ access }, results) =>
    writer.add(access.principal.tenant, localSteps(access.run.id, access.context.timeMs, results));
  return {
    uses: new ToolUses({ clock, own, shared, onError }),
    local: new LocalTools({ clock, own, shared, onError, onLocal }),
    loops: new LoopGuard({ store: client ? redisLoops(client) : memoryLoops({ clock }), onError }),
    timeline,
    writer,
  };
}
