import { memoryGrants } from '../../src/identity/memory-grants.ts';
import { grantContract } from './grants.ts';

grantContract('memory', memoryGrants);
