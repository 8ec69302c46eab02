import { expect, test } from 'vitest';
import { certificateWarning } from '../../src/core/certificate.ts';

const DAY = 86_400_000;
const endsMs = Date.UTC(2030, 0, 31, 12);

test('a certificate is warned of from a week before its end on, and then it is told that it has ended', () => {
  expect(certificateWarning({ endsMs }, endsMs - 7 * DAY - 1)).toBeUndefined();
  const last = 'on 2030-01-31; put a new one in its place';
  expect(certificateWarning({ endsMs }, endsMs - 7 * DAY)).toBe(`the certificate ends ${last}`);
  expect(certificateWarning({ endsMs }, endsMs)).toBe(`the certificate ended ${last}`);
});
