import { beforeEach, expect, test, vi } from 'vitest';
import { memoryGrants } from '../../src/identity/memory-grants.ts';
import { revocations } from '../../src/identity/revocations.ts';
import { HandClock } from './issuer.ts';

let clock: HandClock;
let store: ReturnType<typeof memoryGrants>;
beforeEach(() => {
  clock = new HandClock();
  store = memoryGrants(clock);
});

test('what one replica revokes another refuses once it has asked again', async () => {
  const known = revocations(store, clock);
  await known.poll();
  known.assertLive('a');
  await store.deny('a', clock.ms + 60_000);
  await known.poll();
  expect(() => known.assertLive('a')).toThrow(
    expect.objectContaining({ code: 'identity.invalid', message: expect.stringContaining('revoked') }),
  );
  known.assertLive('b');
});

test('nothing is believed before the first answer of the store, nor a minute after its last', async () => {
  const known = revocations(store, clock);
  const unavailable = expect.objectContaining({ code: 'identity.unavailable', retryAfterMs: 2_000 });
  expect(() => known.assertLive('a')).toThrow(unavailable);
  await known.poll();
  const denied = vi.spyOn(store, 'denied').mockRejectedValue(new Error('gone'));
  clock.ms += 59_999;
  await known.poll();
  known.assertLive('a');
  clock.ms += 1;
  expect(() => known.assertLive('a')).toThrow(unavailable);
  denied.mockRestore();
  await known.poll();
  known.assertLive('a');
});
