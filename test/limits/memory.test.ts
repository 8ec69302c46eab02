import { memoryStore } from '../../src/limits/memory.ts';
import { ledgerContract } from './contract.ts';

ledgerContract('memory', (clock) => memoryStore({ clock }));
