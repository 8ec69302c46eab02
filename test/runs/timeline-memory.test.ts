import { memoryTimelines } from '../../src/runs/timeline-memory.ts';
import { testClock } from '../limits/ledger.ts';
import { timelineContract } from './timeline-contract.ts';

timelineContract('in memory', () => memoryTimelines({ clock: testClock() }));
