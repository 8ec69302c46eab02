import { z } from 'zod';
import { NOT_A_REFERENCE, SECRET_REFERENCE } from '../core/secret-reference.ts';

/** `outbound` of the config: how far side requests (key sets, webhooks) may reach beyond public `https` addresses. */
export const outboundSchema = z.strictObject({
  allowPrivate: z
    .array(
      z
        .string()
        .regex(/^[a-z0-9]([a-z0-9.:-]*[a-z0-9])?$/, 'expected a host in lower case, without scheme, port or brackets'),
    )
    .default([])
    .describe('Hosts that may lie in private networks, as the addresses in this configuration write them.'),
  allowLoopback: z
    .boolean()
    .default(false)
    .describe('Whether loopback addresses may be asked, also without TLS: for development and sidecars.'),
});

/** A receiver of notices. Where it may lie is `outbound`'s business. */
export const webhookSchema = z.strictObject({
  url: z
    .url({ protocol: /^https?$/, error: 'expected an address like `https://hooks.example.com/waygate`' })
    .describe('Where notices are posted to, as JSON with a `text` that Slack takes. `http` on loopback alone.'),
  secret: z
    .string()
    .regex(SECRET_REFERENCE, NOT_A_REFERENCE)
    .optional()
    .describe('Signs each notice: HMAC-SHA256 in `waygate-signature`. `env:NAME` or `file:PATH`.'),
});
