import { memoryLoops } from '../../src/runs/loop-memory.ts';
import { loopContract } from './loop-contract.ts';

loopContract('in memory', (clock) => memoryLoops({ clock }));
