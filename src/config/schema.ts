// The shape of waygate.yaml. Each part is stated by the folder that it configures; here they come together.
import { z } from 'zod';
import { auditSchema } from '../audit/schema.ts';
import { frontDoorSchema, tlsSchema } from '../http/schema.ts';
import { identitySchema, operatorsSchema } from '../identity/schema.ts';
import { failureSchema, limitsSchema, storeSchema } from '../limits/schema.ts';
import { ceilingSchema, pricesSchema, requestPriceSchema, reserveSchema } from '../metering/schema.ts';
import { outboundSchema, webhookSchema } from '../outbound/schema.ts';
import { runsSchema } from '../runs/schema.ts';
import { delegationSchema } from '../signing/schema.ts';
import { telemetrySchema } from '../telemetry/schema.ts';
import { aliasesSchema, filledIn, routeSchema, upstreamSchema } from '../upstreams/schema.ts';

const nameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'expected a name of lower-case letters, digits and `-`');

const listenerShape = {
  host: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('Address to listen on; any but loopback takes a Redis store and real issuers or keys.'),
  tls: tlsSchema
    .optional()
    .describe(
      'HTTPS with HTTP/2 and HTTP/1.1 on the port; plain HTTP/1.1 unless said. New content of the files is taken at once.',
    ),
};
const portSchema = z.int().min(0).max(65_535).describe('`0` takes any free port.');

export const configSchema = z.strictObject({
  version: z.literal(1).describe('Of this format.'),
  listen: z
    .strictObject({ ...listenerShape, port: portSchema.default(4_000) })
    .prefault({})
    .describe('Where agents call. A change takes a restart.'),
  admin: z
    .strictObject({
      ...listenerShape,
      port: portSchema.default(4_001),
      operators: operatorsSchema
        .optional()
        .describe('Who may see and stop runs; without it `/api` is closed. A change takes no restart.'),
    })
    .prefault({})
    .describe('Where operators look and act: runs, metrics and probes. A change of the listener takes a restart.'),
  frontDoor: frontDoorSchema
    .prefault({})
    .describe('How much the data listener takes at once, and how long it waits. A change takes a restart.'),
  store: storeSchema
    .default({ kind: 'memory' })
    .describe('Where limits are counted; in memory unless said. A change takes a restart.'),
  limits: limitsSchema.prefault({}).describe('How calls wait for room in limits, instead of being refused.'),
  identity: identitySchema.prefault({}).describe('Who may call.'),
  upstreams: z
    .record(
      nameSchema,
      filledIn(
        upstreamSchema.extend({
          reserve: reserveSchema,
          prices: pricesSchema.default({}).describe('Prices by model, over those of the catalogue.'),
          price: requestPriceSchema
            .optional()
            .describe('For `http`, where it is required: what a request costs, e.g. `0.002 USD`, or `free`.'),
          failure: failureSchema.describe(
            'What becomes of calls to it while the store does not answer, on the routes that it has by itself.',
          ),
        }),
      ),
    )
    .refine((upstreams) => Object.keys(upstreams).length > 0, 'expected at least one upstream')
    .describe('Where calls go, by name; the name is part of base addresses and of the resources in policies.'),
  ceiling: ceilingSchema
    .optional()
    .describe('Price of the models that neither `prices` nor the catalogue knows; without it they are refused.'),
  aliases: aliasesSchema
    .default({})
    .describe(
      'Names of models that clients may use, for `upstream/model`, or for a list of them of which each run prefers one.',
    ),
  routes: z
    .record(
      nameSchema,
      routeSchema.safeExtend({
        failure: failureSchema.describe('What becomes of its calls while the store does not answer.'),
      }),
    )
    .default({})
    .describe('Routes beyond those that every upstream has by its name and protocol, by name.'),
  policies: z
    .strictObject({
      dir: z.string().min(1).default('policies').describe('Folder of the policy files, from the folder of this file.'),
      enforcement: z
        .enum(['enforce', 'observe'])
        .default('enforce')
        .describe('`observe` decides and records, and blocks nothing.'),
    })
    .prefault({})
    .describe('What calls are allowed.'),
  notices: z
    .strictObject({
      webhook: webhookSchema.optional().describe('Who is told of each call that waits for a person, and of alerts.'),
    })
    .prefault({})
    .describe('How people hear of calls that policies hold or tell of. A change takes a restart.'),
  runs: runsSchema
    .prefault({})
    .describe('How calls are put into runs, and how long runs remember. A change takes a restart.'),
  delegation: delegationSchema
    .optional()
    .describe('Tokens for sub-agents, made by the gateway (docs/delegation.md). A change takes a restart.'),
  telemetry: telemetrySchema.prefault({}).describe('Traces, metrics and logs. A change takes a restart.'),
  audit: auditSchema.prefault({}).describe('The record of every call. A change takes a restart.'),
  outbound: outboundSchema
    .prefault({})
    .describe('How far requests of the gateway itself (for key sets) may reach. A change takes a restart.'),
  drain: z
    .strictObject({
      seconds: z.int().min(0).max(3_600).default(30).describe('How long open answers may take to end after SIGTERM.'),
    })
    .prefault({})
    .describe('How the gateway ends.'),
});
/** waygate.yaml as it stands, with its defaults. */
export type ConfigFile = z.infer<typeof configSchema>;

/** The JSON Schema (draft 2020-12) of waygate.yaml, for editors and for the reference. */
export function configJsonSchema(): Readonly<Record<string, unknown>> {
  return z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' });
}
