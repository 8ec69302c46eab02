import { z } from 'zod';

/** `outbound` of the config: how far side requests (key sets today) may reach beyond public `https` addresses. */
export const outboundSchema = z.strictObject({
  /** Hosts that may lie in private networks, as the addresses in this config write them. */
  allowPrivate: z
    .array(
      z
        .string()
        .regex(/^[a-z0-9]([a-z0-9.:-]*[a-z0-9])?$/, 'expected a host in lower case, without scheme, port or brackets'),
    )
    .default([]),
  /** Whether loopback addresses may be asked, also without TLS: for development and sidecars. */
  allowLoopback: z.boolean().default(false),
});
