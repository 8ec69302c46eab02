// The shape of waygate.yaml. Each part is stated by the folder that it configures; here they come together.
import { z } from 'zod';
import { auditSchema } from '../audit/schema.ts';
import { identitySchema } from '../identity/schema.ts';
import { storeSchema } from '../limits/schema.ts';
import { ceilingSchema, pricesSchema, requestPriceSchema } from '../metering/schema.ts';
import { outboundSchema } from '../outbound/schema.ts';
import { telemetrySchema } from '../telemetry/schema.ts';
import { filledIn, routesSchema, upstreamSchema } from '../upstreams/schema.ts';

const nameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'expected a name of lower-case letters, digits and `-`');

function listenerSchema(
  port: number,
): z.ZodPrefault<z.ZodObject<{ host: z.ZodDefault<z.ZodString>; port: z.ZodDefault<z.ZodInt> }, z.core.$strict>> {
  return z
    .strictObject({
      host: z
        .string()
        .min(1)
        .default('127.0.0.1')
        .describe('Address to listen on; any but loopback takes a Redis store and real issuers or keys.'),
      port: z.int().min(0).max(65_535).default(port).describe('`0` takes any free port.'),
    })
    .prefault({});
}

export const configSchema = z.strictObject({
  version: z.literal(1).describe('Of this format.'),
  listen: listenerSchema(4000).describe('Where agents call. A change takes a restart.'),
  admin: listenerSchema(4001).describe('Where operators look: metrics and probes. A change takes a restart.'),
  store: storeSchema
    .default({ kind: 'memory' })
    .describe('Where limits are counted; in memory unless said. A change takes a restart.'),
  identity: identitySchema.prefault({}).describe('Who may call.'),
  upstreams: z
    .record(
      nameSchema,
      filledIn(
        upstreamSchema.extend({
          prices: pricesSchema.default({}).describe('Prices by model, over those of the catalogue.'),
          price: requestPriceSchema
            .optional()
            .describe('For `http`, where it is required: what a request costs, e.g. `0.002 USD`, or `free`.'),
        }),
      ),
    )
    .refine((upstreams) => Object.keys(upstreams).length > 0, 'expected at least one upstream')
    .describe('Where calls go, by name; the name is part of base addresses and of the resources in policies.'),
  ceiling: ceilingSchema
    .optional()
    .describe('Price of the models that neither `prices` nor the catalogue knows; without it they are refused.'),
  aliases: z
    .record(
      z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:@-]{0,127}$/, 'expected a model name without spaces and slashes'),
      z.string().regex(/^[a-z0-9-]+\/\S+$/, 'expected `upstream/model`'),
    )
    .default({})
    .describe('Names of models that clients may use, for `upstream/model`.'),
  routes: routesSchema
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
