import { expect, test } from 'vitest';
import type { PermittedCall } from '../../src/core/call.ts';
import { localBounds } from '../../src/limits/local-bounds.ts';
import { type FailureConfig, failureSchema } from '../../src/limits/schema.ts';

const closed: FailureConfig = { store: 'closed' };
const open = (time: string): FailureConfig =>
  failureSchema.parse({ store: 'local', rate: '1/s', total: '2/s', budget: '1 USD', for: time });

const call = (route: string, upstream: string): PermittedCall =>
  ({ route: { name: route }, access: { resource: { upstream } } }) as unknown as PermittedCall;

test('a route of the config goes by its own word, every other one by that of the upstream', () => {
  const { boundsOf, forMs } = localBounds({
    routes: { 'team-a': { failure: open('10s') }, 'team-b': { failure: closed } },
    upstreams: { up: { failure: open('20s') }, other: { failure: closed } },
  });
  expect(boundsOf(call('team-a', 'other'))?.name).toBe('team-a');
  expect(boundsOf(call('team-b', 'up'))).toBeUndefined();
  expect(boundsOf(call('up', 'up'))?.name).toBe('up');
  expect(boundsOf(call('all-openai', 'up'))?.name).toBe('up');
  expect(boundsOf(call('all-openai', 'other'))).toBeUndefined();
  expect(forMs).toBe(20_000);
  expect(localBounds({ routes: {}, upstreams: { other: { failure: closed } } }).forMs).toBe(0);
});
