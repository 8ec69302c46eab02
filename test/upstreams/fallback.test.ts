import { expect, test } from 'vitest';
import { GatewayError } from '../../src/core/errors.ts';
import type { PermittedCall } from '../../src/core/call.ts';
import type { Answer } from '../../src/core/exchange.ts';
import { fallbackForwarder } from '../../src/upstreams/fallback.ts';
import type { Way } from '../../src/upstreams/forward.ts';
import { chatCall, incoming } from '../telemetry/calls.ts';
import { NO_FLIGHT } from '../support/runs.ts';

const TRACE = { traceId: '', waited: () => {}, attempt: () => ({ headers: {}, end: () => {} }), end: () => {} };
const to = (upstream: string): PermittedCall =>
  chatCall({ access: { ...chatCall().access, resource: { kind: 'model', upstream, name: 'm' } } });
const call: PermittedCall = { ...to('a'), fallbacks: [to('b'), to('c')] };
const answer = (status: number): Answer => ({ status, headers: {}, body: Buffer.alloc(0) });
const failure = (code: 'upstream.unavailable' | 'upstream.timeout' | 'request.aborted') => new GatewayError(code, 'x');

/** What the candidates answer, in turn, and what was tried, left and told on the way. */
async function ask(...outcomes: readonly (Answer | GatewayError)[]) {
  const seen = { tried: [] as string[], told: [] as string[], left: [] as string[], hasNext: [] as boolean[] };
  const left = [...outcomes];
  const forwardToOne = fallbackForwarder({
    async forward(_: PermittedCall, upstream: string, { hasNext = false }: Way) {
      seen.tried.push(upstream);
      seen.hasNext.push(hasNext);
      const outcome = left.shift();
      if (outcome instanceof GatewayError || !outcome) throw outcome;
      return outcome;
    },
    onFallback: (from, next) => void seen.left.push(`${from} → ${next}`),
  });
  const onTry = ({ access }: PermittedCall): void => void seen.told.push(access.resource.upstream);
  const result = await forwardToOne(call, { request: incoming(), trace: TRACE, flight: NO_FLIGHT, onTry }).catch(
    (error: unknown) => error,
  );
  return { ...seen, result };
}

test('each candidate is tried in its turn until one takes the call on; the last is the one that was told last', async () => {
  const { tried, told, left, hasNext, result } = await ask(failure('upstream.unavailable'), answer(503), answer(200));
  expect(tried).toEqual(['a', 'b', 'c']);
  expect(told).toEqual(tried);
  expect(left).toEqual(['a → b', 'b → c']);
  expect(hasNext).toEqual([true, true, false]);
  expect(result).toMatchObject({ status: 200 });
});

test.each([
  ['an answer', answer(200)],
  ['a refusal of the request', answer(400)],
  ['a failure after which it may have been carried out', failure('upstream.timeout')],
  ['a client that left', failure('request.aborted')],
])('%s ends it at the first', async (_, outcome) => {
  const { tried, result } = await ask(outcome);
  expect(tried).toEqual(['a']);
  expect(result).toBe(outcome);
});

test('of the last candidate whatever comes is the end', async () => {
  const last = failure('upstream.unavailable');
  expect((await ask(answer(503), answer(503), last)).result).toBe(last);
  expect((await ask(answer(503), answer(503), answer(529))).result).toMatchObject({ status: 529 });
});
