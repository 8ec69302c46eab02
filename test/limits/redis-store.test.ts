import { inject } from 'vitest';
import { redisStore } from '../../src/limits/redis-store.ts';
import { connected } from './connect.ts';
import { ledgerContract } from './contract.ts';

ledgerContract('redis', async (clock) => redisStore({ client: await connected({ url: inject('redisUrl') }), clock }));
