import { describe, expect, test } from 'vitest';
import { type ErrorCode, GatewayError } from '../../src/core/errors.ts';
import { metered, unanswered } from '../../src/metering/metered.ts';
import { configuredPrice, requestPrice } from '../../src/metering/price.ts';
import { PROTOCOLS } from '../../src/protocols/index.ts';
import { callOf } from './call.ts';

const price = configuredPrice({ input: 2, output: 10 });
const after = (code: ErrorCode, call = callOf('openai-chat')) => unanswered(call, new GatewayError(code, 'x'), price);

describe('a call that was never answered', () => {
  test.each(['upstream.timeout', 'upstream.broken', 'request.aborted', 'gateway.internal'] as const)(
    'pays for its input after %s: it may have been carried out',
    (code) => {
      expect(after(code)).toMatchObject({
        estimated: true,
        usage: { input: 500, output: 0 },
        charge: { tokens: 500, money: 1_000 },
      });
    },
  );

  test.each(['upstream.unreachable', 'upstream.redirect'] as const)('pays nothing after %s', (code) => {
    expect(after(code)).toMatchObject({ estimated: false, charge: { tokens: 0, money: 0 } });
  });

  test('pays nothing where it uses no tokens', () => {
    expect(after('upstream.timeout', callOf('mcp', { action: 'tool.call' }))).toMatchObject({
      estimated: false,
      charge: { tokens: 0, money: 0 },
      model: undefined,
    });
  });
});

describe('a request that is paid for as such', () => {
  const call = callOf('http', { action: 'http.request', estimate: { inputTokens: 0, outputTokens: 0 } });
  const fee = requestPrice('0.002 USD');
  const never = (code: ErrorCode) => unanswered(call, new GatewayError(code, 'x'), fee).charge.money;

  test('costs its price, whatever its answer says', () => {
    for (const status of [200, 404, 500]) {
      const reading = { ...PROTOCOLS.http.usage().result };
      expect(metered(call, { status, reading, unreadBytes: 9_999 }, fee)).toMatchObject({
        charge: { tokens: 0, money: 2_000 },
        estimated: false,
      });
    }
  });

  test('costs it too where it may have been carried out, and nothing where it surely was not', () => {
    expect(never('upstream.timeout')).toBe(2_000);
    expect(never('request.aborted')).toBe(2_000);
    expect(never('upstream.unreachable')).toBe(0);
  });
});
