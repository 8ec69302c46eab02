import { describe, expect, test } from 'vitest';
import { type ErrorCode, GatewayError } from '../../src/core/errors.ts';
import { unanswered } from '../../src/metering/metered.ts';
import { configuredPrice } from '../../src/metering/price.ts';
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
