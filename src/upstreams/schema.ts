import { z } from 'zod';
import { PROTOCOLS } from '../core/call.ts';
import { isHopByHop } from '../core/headers.ts';
import { NOT_A_REFERENCE, SECRET_REFERENCE } from '../core/secret-reference.ts';

const secret = z.string().regex(SECRET_REFERENCE, NOT_A_REFERENCE);
const milliseconds = z.int().min(1).max(3_600_000);

/** Fields that say how a request is to be read. */
const FRAMING = ['host', 'content-length', 'content-type', 'accept-encoding', 'expect'];

/** How an upstream's own credential travels. The short form is the reference alone, in the protocol's usual header. */
const credentialSchema = z.union([
  secret,
  z.strictObject({
    value: secret,
    header: z
      .string()
      .regex(/^[a-z0-9-]+$/, 'expected a header name in lower case')
      .refine((name) => !FRAMING.includes(name) && !isHopByHop(name, undefined), 'this header cannot hold a credential')
      .default('authorization'),
    /** Put before the value, e.g. `Bearer`; empty for none. */
    scheme: z
      .string()
      .regex(/^[A-Za-z0-9-]*$/, 'expected one word, or nothing')
      .default('Bearer'),
  }),
]);

/** `upstreams.<name>` without its prices, which `metering` owns. */
export const upstreamSchema = z.strictObject({
  protocol: z.enum(PROTOCOLS),
  /**
   * Where it is: for `openai` with its `/v1`, for `anthropic` without, for `mcp` the endpoint itself.
   * Requests cannot change it. A slash at its end counts for `mcp` alone.
   */
  url: z
    .url({ protocol: /^https?$/ })
    .refine((url) => !/[?#@]/.test(url), 'expected an address without user, query or fragment'),
  credential: credentialSchema.optional(),
  /** Names of the models it serves; `*` matches any characters. */
  models: z.array(z.string().min(1).max(256)).min(1).default(['*']),
  /** Provider in the price catalogue, where the address does not tell. */
  provider: z.string().min(1).optional(),
  timeouts: z
    .strictObject({
      connectMs: milliseconds.default(5_000),
      /** Until the answer's head: a model may think for a quarter of an hour before its first byte. */
      headersMs: milliseconds.default(900_000),
      /** Between two pieces of a body. */
      idleMs: milliseconds.default(600_000),
    })
    .prefault({}),
  /** Connections of one gateway process to this upstream at most. */
  connections: z.int().min(1).max(4_096).default(256),
});
export type UpstreamConfig = z.infer<typeof upstreamSchema>;

/** Routes beyond those that every upstream has by its name and protocol. */
export const routesSchema = z.record(
  z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'expected lower-case letters, digits and `-`'),
  z
    .strictObject({
      /** Below which the protocol's own paths lie, e.g. `/team-a/v1`. */
      path: z.string().regex(/^(\/[A-Za-z0-9._~-]+)+$/, 'expected a path like `/team-a/v1`'),
      protocol: z.enum(PROTOCOLS),
      upstreams: z.array(z.string()).min(1),
      bodyBytesMax: z.int().min(1_024).max(268_435_456).optional(),
    })
    .refine(({ protocol, upstreams }) => protocol !== 'mcp' || upstreams.length === 1, {
      path: ['upstreams'],
      error: 'expected one upstream: an MCP route leads to one server',
    }),
);
export type RoutesConfig = z.infer<typeof routesSchema>;
