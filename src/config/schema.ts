// The shape of waygate.yaml. Each part is stated by the folder that it configures; here they come together.
import { z } from 'zod';
import { auditSchema } from '../audit/schema.ts';
import { identitySchema } from '../identity/schema.ts';
import { storeSchema } from '../limits/schema.ts';
import { ceilingSchema, pricesSchema } from '../metering/schema.ts';
import { outboundSchema } from '../outbound/schema.ts';
import { telemetrySchema } from '../telemetry/schema.ts';
import { routesSchema, upstreamSchema } from '../upstreams/schema.ts';

const nameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'expected a name of lower-case letters, digits and `-`');

function listenerSchema(
  port: number,
): z.ZodPrefault<z.ZodObject<{ host: z.ZodDefault<z.ZodString>; port: z.ZodDefault<z.ZodInt> }, z.core.$strict>> {
  return z
    .strictObject({ host: z.string().min(1).default('127.0.0.1'), port: z.int().min(0).max(65_535).default(port) })
    .prefault({});
}

export const configSchema = z.strictObject({
  version: z.literal(1),
  /** Where agents call. */
  listen: listenerSchema(4000),
  /** Where operators look. */
  admin: listenerSchema(4001),
  /** Where limits are counted. */
  store: storeSchema.default({ kind: 'memory' }),
  identity: identitySchema.prefault({}),
  upstreams: z
    .record(nameSchema, upstreamSchema.extend({ prices: pricesSchema.default({}) }))
    .refine((upstreams) => Object.keys(upstreams).length > 0, 'expected at least one upstream'),
  /** Price of the models that neither `prices` nor the catalogue knows; without it they are refused. */
  ceiling: ceilingSchema.optional(),
  /** Names of models that clients may use, for `upstream/model`. */
  aliases: z
    .record(
      z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:@-]{0,127}$/, 'expected a model name without spaces and slashes'),
      z.string().regex(/^[a-z0-9-]+\/\S+$/, 'expected `upstream/model`'),
    )
    .default({}),
  routes: routesSchema.default({}),
  policies: z
    .strictObject({
      /** Folder of the policy files, from the folder of this file. */
      dir: z.string().min(1).default('policies'),
      /** `observe` decides and records, and blocks nothing. */
      enforcement: z.enum(['enforce', 'observe']).default('enforce'),
    })
    .prefault({}),
  telemetry: telemetrySchema.prefault({}),
  audit: auditSchema.prefault({}),
  outbound: outboundSchema.prefault({}),
  /** How long open answers may take to end after SIGTERM. */
  drain: z.strictObject({ seconds: z.int().min(0).max(3_600).default(30) }).prefault({}),
});
/** waygate.yaml as it stands, with its defaults. */
export type ConfigFile = z.infer<typeof configSchema>;

/** The JSON Schema (draft 2020-12) of waygate.yaml, for editors and for the reference. */
export function configJsonSchema(): Readonly<Record<string, unknown>> {
  return z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' });
}
