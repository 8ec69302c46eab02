import { z } from 'zod';
import { NOT_A_REFERENCE, SECRET_REFERENCE } from '../core/secret-reference.ts';

const reference = z.string().regex(SECRET_REFERENCE, NOT_A_REFERENCE);

/** How a listener speaks TLS. */
export const tlsSchema = z.strictObject({
  cert: reference.describe(
    'The certificate and those between it and its root, in PEM; watched, and taken anew on change.',
  ),
  key: reference.describe('Its private key, in PEM and not encrypted; watched, and taken anew on change.'),
  minVersion: z.enum(['1.2', '1.3']).default('1.2').describe('The oldest version of TLS that is spoken.'),
});
