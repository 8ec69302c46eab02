import { describe, expect, test } from 'vitest';
import { type ErrorCode, GatewayError } from '../../src/core/errors.ts';
import { metered, unanswered } from '../../src/metering/metered.ts';
import { configuredPrice, requestPrice, statedPrice } from '../../src/metering/price.ts';
import { NO_DETAILED_USAGE, type UsageReading } from '../../src/protocols/protocol.ts';
import { newProgress } from '../../src/protocols/usage-progress.ts';
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

  test.each(['upstream.unreachable', 'upstream.unavailable', 'upstream.redirect'] as const)(
    'pays nothing after %s',
    (code) => {
      expect(after(code)).toMatchObject({ estimated: false, charge: { tokens: 0, money: 0 } });
    },
  );

  test('pays nothing where it uses no tokens', () => {
    expect(after('upstream.timeout', callOf('mcp', { action: 'tool.call' }))).toMatchObject({
      estimated: false,
      charge: { tokens: 0, money: 0 },
      model: undefined,
    });
  });
});

describe('a call whose use is not told by its text', () => {
  const image = callOf('openai-media', {
    action: 'model.image',
    estimate: { inputTokens: 10, outputTokens: 90, units: 2 },
  });
  const after = (reading: Partial<UsageReading>, paid = price, status = 200) =>
    metered(image, { status, reading: { ...newProgress(), ...reading }, unreadBytes: 5 }, paid);

  test('pays what its answer states', () => {
    const usage = { ...NO_DETAILED_USAGE, input: 5, output: 30 };
    expect(after({ stated: true, usage })).toMatchObject({
      usage,
      charge: { tokens: 35, money: 310 },
      estimated: false,
    });
  });

  test('pays all that was reserved where its answer states nothing', () => {
    expect(after({})).toMatchObject({ charge: { tokens: 100, money: 20 + 900 }, estimated: true });
  });

  test('pays a price per request for each unit, whatever its answer states', () => {
    const usage = { ...NO_DETAILED_USAGE, output: 1_000_000 };
    expect(after({ stated: true, usage }, requestPrice(0.04))).toMatchObject({
      charge: { money: 80_000 },
      estimated: false,
    });
    expect(after({}, requestPrice(0.04))).toMatchObject({ charge: { money: 80_000 }, estimated: false });
  });

  test('pays nothing where it failed', () => {
    for (const paid of [price, requestPrice(0.04)]) {
      expect(after({}, paid, 400).charge.money).toBe(0);
      expect(after({ failed: true }, paid).charge.money).toBe(0);
    }
  });

  test('pays all that was reserved where it was sent and never answered', () => {
    const lost = (code: ErrorCode) => unanswered(image, new GatewayError(code, 'x'), price).charge.money;
    expect(lost('upstream.timeout')).toBe(920);
    expect(lost('upstream.unreachable')).toBe(0);
  });
});

describe('a request that is paid for as such', () => {
  const call = callOf('http', { action: 'http.request', estimate: { inputTokens: 0, outputTokens: 0 } });
  const fee = statedPrice('0.002 USD');
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
