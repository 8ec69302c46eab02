import { z } from 'zod';
import { PROTOCOLS } from '../core/call.ts';
import { isHopByHop } from '../core/headers.ts';
import { parseOperation } from '../core/operation.ts';
import { NOT_A_REFERENCE, SECRET_REFERENCE } from '../core/secret-reference.ts';
import { PRESET_NAMES } from './presets.ts';
import { presetFaults, withPreset, type WithPreset, type WrittenUpstream } from './with-preset.ts';

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

const operationSchema = z.string().superRefine((text, context) => {
  const operation = parseOperation(text);
  if ('fault' in operation) context.addIssue({ code: 'custom', message: operation.fault });
});

/** `upstreams.<name>` as it is written, without its prices, which `metering` owns. */
export const upstreamSchema = z.strictObject({
  preset: z
    .enum(PRESET_NAMES)
    .optional()
    .describe('A provider that Waygate knows: fills in whatever is not said here (docs/reference/presets.md).'),
  protocol: z.enum(PROTOCOLS).optional().describe('What it speaks. Required without a preset.'),
  // A slash at its end counts for `mcp` alone.
  url: z
    .url({ protocol: /^https?$/ })
    .refine((url) => !/[?#@]/.test(url), 'expected an address without user, query or fragment')
    .optional()
    .describe(
      'Where it is: for `openai` with its `/v1`, for `anthropic` and `gemini` without a version, for `mcp` the endpoint itself, for `http` what its paths are put behind. Requests cannot change it. Required without a preset.',
    ),
  credential: credentialSchema
    .optional()
    .describe('Its own credential: a reference, sent in the usual header of the protocol, or a map that says which.'),
  models: z
    .array(z.string().min(1).max(256))
    .min(1)
    .optional()
    .describe('Names of the models it serves; `*` matches any characters. All, unless the preset says otherwise.'),
  streamOptions: z
    .boolean()
    .optional()
    .describe(
      "Whether it takes OpenAI's `stream_options`, by which Waygate asks for the usage of a stream; `true` unless the preset says otherwise.",
    ),
  operations: z
    .array(operationSchema)
    .max(2_000)
    .default([])
    .describe(
      'For `http`: what can be asked of it, e.g. `GET /issues/{id}` or `GET /files/{path+}`; nothing else is sent on. Where none are said, any method and path.',
    ),
  lists: z
    .array(z.string().min(1).max(100))
    .default([])
    .describe(
      'For `http`: query parameters that may occur more than once; conditions see them as lists. Others are refused where they do.',
    ),
  ownTools: z
    .array(z.enum(['status', 'request']))
    .default([])
    .describe(
      'For `mcp`: tools of the gateway’s own beside its: `status` (`waygate__status`: limits, labels, what is held) and `request` (`waygate__request`: asks for an approval ahead). Policies see them as `tool/waygate/…`.',
    ),
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

/** An upstream as it is written → with its preset filled in. What it then still lacks is an issue of its field. */
export function filledIn<Written extends WrittenUpstream, Input>(
  written: z.ZodType<Written, Input>,
): z.ZodType<WithPreset<Written>, Input> {
  return written
    .superRefine((upstream, context) => {
      for (const { field, message } of presetFaults(upstream)) {
        context.addIssue({ code: 'custom', path: [field], message });
      }
    })
    .transform((upstream) => withPreset(upstream));
}

/** `routes.<name>`: a route beyond those that every upstream has by its name and protocol. */
export const routeSchema = z
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
      .describe('Larger requests are refused; 32 MiB for models, 4 MiB for MCP and HTTP unless said.'),
  })
  .refine(({ protocol, upstreams }) => (protocol !== 'mcp' && protocol !== 'http') || upstreams.length === 1, {
    path: ['upstreams'],
    error: 'expected one upstream: a route of MCP or HTTP leads to one server',
  });
