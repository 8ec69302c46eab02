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
    value: secret.describe('Reference to the secret.'),
    header: z
      .string()
      .regex(/^[a-z0-9-]+$/, 'expected a header name in lower case')
      .refine((name) => !FRAMING.includes(name) && !isHopByHop(name, undefined), 'this header cannot hold a credential')
      .default('authorization')
      .describe('Header that carries it.'),
    scheme: z
      .string()
      .regex(/^[A-Za-z0-9-]*$/, 'expected one word, or nothing')
      .default('Bearer')
      .describe('Put before the value; empty for nothing.'),
  }),
]);

/** `upstreams.<name>` without its prices, which `metering` owns. */
export const upstreamSchema = z.strictObject({
  protocol: z.enum(PROTOCOLS).describe('What it speaks.'),
  // A slash at its end counts for `mcp` alone.
  url: z
    .url({ protocol: /^https?$/ })
    .refine((url) => !/[?#@]/.test(url), 'expected an address without user, query or fragment')
    .describe(
      'Where it is: for `openai` with its `/v1`, for `anthropic` and `gemini` without a version, for `mcp` the endpoint itself. Requests cannot change it.',
    ),
  credential: credentialSchema
    .optional()
    .describe('Its own credential: a reference, sent in the usual header of the protocol, or a map that says which.'),
  models: z
    .array(z.string().min(1).max(256))
    .min(1)
    .default(['*'])
    .describe('Names of the models it serves; `*` matches any characters.'),
  provider: z.string().min(1).optional().describe('Provider in the price catalogue, where the address does not tell.'),
  timeouts: z
    .strictObject({
      connectMs: milliseconds.default(5_000).describe('For a connection to stand.'),
      // A model may think for a quarter of an hour before its first byte.
      headersMs: milliseconds.default(900_000).describe("Until the answer's first byte."),
      idleMs: milliseconds.default(600_000).describe('Between two pieces of an answer.'),
    })
    .prefault({})
    .describe('How long it may take.'),
  connections: z
    .int()
    .min(1)
    .max(4_096)
    .default(1_024)
    .describe('Connections of one gateway process to it at most; further calls wait for one.'),
  retry: z
    .strictObject({
      attempts: z.int().min(0).max(5).default(1).describe('Further tries of one call at most; `0` for none.'),
      share: z
        .number()
        .min(0)
        .max(1)
        .default(0.2)
        .describe('Further tries of all calls at most, as a share of the calls, with a burst of ten; `0` for none.'),
      backoffMs: milliseconds.default(250).describe('The longest wait before the first further try; doubled for each.'),
      waitMaxMs: z
        .int()
        .min(0)
        .max(60_000)
        .default(5_000)
        .describe('The longest wait that it may ask for; an answer that asks for more goes to the client.'),
      withinMs: milliseconds.default(30_000).describe('No further try begins later than this after the first.'),
    })
    .prefault({})
    .describe('What is tried again before anything of an answer was passed on.'),
  circuit: z
    .strictObject({
      failures: z.int().min(1).max(1_000).default(5).describe('Failures in a row that open it.'),
      openMs: milliseconds.default(15_000).describe('How long nothing is sent then, until one call tries it.'),
    })
    .prefault({})
    .describe('When it is left alone, because it fails.'),
});

const TARGET = /^[a-z0-9-]+\/\S+$/;
const NOT_A_TARGET = 'expected `upstream/model`';

/** Names of models that clients may use. */
export const aliasesSchema = z.record(
  z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:@-]{0,127}$/, 'expected a model name without spaces and slashes'),
  z
    .union([
      z.string().regex(TARGET, NOT_A_TARGET),
      z
        .array(
          z.strictObject({
            to: z.string().regex(TARGET, NOT_A_TARGET).describe('`upstream/model`'),
            weight: z
              .number()
              .min(0)
              .max(1_000_000)
              .default(1)
              .describe('Share of the runs that prefer it; with `0` it is for when the others cannot be had.'),
          }),
        )
        .min(1)
        .max(16),
    ])
    .describe('Where it leads: one target, or several of the same protocol.'),
);

/** Routes beyond those that every upstream has by its name and protocol. */
export const routesSchema = z.record(
  z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'expected lower-case letters, digits and `-`'),
  z
    .strictObject({
      path: z
        .string()
        .regex(/^(\/[A-Za-z0-9._~-]+)+$/, 'expected a path like `/team-a/v1`')
        .describe("Below which the protocol's own paths lie, e.g. `/team-a/v1`."),
      protocol: z.enum(PROTOCOLS).describe('What is spoken on it, and by all its upstreams.'),
      upstreams: z.array(z.string()).min(1).describe('Where its calls may go; the model selects one of them.'),
      bodyBytesMax: z
        .int()
        .min(1_024)
        .max(268_435_456)
        .optional()
        .describe('Larger requests are refused; 32 MiB for models and 4 MiB for MCP unless said.'),
    })
    .refine(({ protocol, upstreams }) => protocol !== 'mcp' || upstreams.length === 1, {
      path: ['upstreams'],
      error: 'expected one upstream: an MCP route leads to one server',
    }),
);
