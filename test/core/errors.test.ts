import { describe, expect, test } from 'vitest';
import { GatewayError, toGatewayError } from '../../src/core/errors.ts';

describe('errors', () => {
  test('one of ours stays as it is', () => {
    const error = new GatewayError('policy.denied', 'no', { rule: 'p/r' });
    expect(toGatewayError(error)).toBe(error);
    expect(error).toMatchObject({ status: 403, blame: 'policy', retry: false, rule: 'p/r' });
  });

  test.each([new Error('secret detail'), 'secret detail', undefined])(
    'of anything else that is thrown the caller learns nothing',
    (thrown) => {
      const error = toGatewayError(thrown);
      expect(error).toMatchObject({ code: 'gateway.internal', status: 500, retry: false });
      expect(error.message).not.toContain('secret detail');
      expect(error.cause).toBe(thrown);
    },
  );
});
