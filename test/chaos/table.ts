// The fault programme: every scenario by its number, and which test holds what is not repeated here.
import type { HeldElsewhere, Scenario } from './scenario.ts';
import { BESIDE } from './scenarios/beside.ts';
import { FAILOVER } from './scenarios/failover.ts';
import { PROCESSES } from './scenarios/processes.ts';
import { REDIS } from './scenarios/redis.ts';
import { RUNS } from './scenarios/runs.ts';
import { UPSTREAMS } from './scenarios/upstreams.ts';

export const SCENARIOS: readonly Scenario[] = [...REDIS, ...FAILOVER, ...UPSTREAMS, ...BESIDE, ...PROCESSES, ...RUNS];

export const HELD_ELSEWHERE: readonly HeldElsewhere[] = [
  {
    id: 'F-R8',
    title: 'a Redis that may evict is refused at the start',
    heldBy: ['test/limits/redis.test.ts: that may evict ledgers (…) is refused'],
  },
  {
    id: 'F-U1',
    title: 'a connection that nobody answers',
    heldBy: ['test/upstreams/exchange.test.ts: within its time for a connection: unreachable, and not carried out'],
  },
  {
    id: 'F-U5',
    title: 'streams cut short, malformed events, no [DONE]',
    heldBy: ['test/corpus/corpus.test.ts: truncated, malformed-event, unstated of each dialect'],
  },
  {
    id: 'F-A1',
    title: '/dev/full, a failing sync, a disk that hangs, a file moved away',
    heldBy: [
      'test/audit/log.test.ts: a device that is full, /dev/full itself, refuses at once; the next file takes over',
      'test/audit/log.test.ts: after a failed sync the chain goes on in a new file',
      'test/audit/log.test.ts: a disk that hangs refuses permits within the time-out; what it takes in the end still chains',
      'test/audit/log.test.ts: a file that was moved away is left for a new one',
    ],
  },
  {
    id: 'I6',
    title: 'no call is admitted behind a kill, on any gateway',
    heldBy: [
      'test/gateway.replicas.test.ts: of 200 calls around a kill none is admitted behind it, whichever gateway it took',
    ],
  },
  {
    id: 'F-C1',
    title: 'calendar periods never go back; daylight saving',
    heldBy: ['test/limits/contract.ts, on every store', 'test/limits/calendar.test.ts'],
  },
];
