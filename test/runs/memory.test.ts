import { runsContract } from './contract.ts';
import { inMemory } from './stores.ts';

runsContract('memory', inMemory);
