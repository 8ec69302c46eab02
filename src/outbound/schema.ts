import { z } from 'zod';

/** `outbound` of the config: how far side requests (key sets today) may reach beyond public `https` addresses. */
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
