import { memorySigningKeys } from '../../src/signing/store.ts';
import { signingKeyContract } from './contract.ts';

signingKeyContract('memory', () => Promise.resolve(memorySigningKeys()));
