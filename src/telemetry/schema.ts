import { z } from 'zod';
import { NOT_A_REFERENCE, SECRET_REFERENCE } from '../core/secret-reference.ts';

const secret = z.string().regex(SECRET_REFERENCE, NOT_A_REFERENCE);

/** `telemetry` in the configuration. Without `otlp` there are still metrics to scrape, logs, and trace context passed on. */
export const telemetrySchema = z.strictObject({
  serviceName: z.string().min(1).default('waygate').describe('`service.name` of spans and metrics.'),
  otlp: z
    .strictObject({
      endpoint: z
        .url({ protocol: /^https?$/ })
        .refine((url) => !/[?#@]/.test(url), 'expected an address without user, query or fragment')
        .transform((url) => url.replace(/\/+$/, ''))
        .describe('Where the collector listens; `/v1/traces` and `/v1/metrics` are added.'),
      headers: z
        .record(z.string().regex(/^[A-Za-z0-9-]+$/, 'expected a header name'), secret)
        .default({})
        .describe('Headers for the collector, each a reference.'),
      timeoutMs: z.int().min(100).max(60_000).default(10_000).describe('For one export.'),
    })
    .optional()
    .describe('An OTLP/HTTP collector; without one there are still metrics to scrape, and logs.'),
  sampleRatio: z
    .number()
    .min(0)
    .max(1)
    .default(1)
    .describe(
      "Share of traces that begin here and are recorded; a trace that a caller began keeps its caller's choice.",
    ),
  content: z.literal(false).default(false).describe('Prompts, answers and arguments in spans: not in this version.'),
  genai: z
    .enum(['latest', 'legacy', 'both'])
    .default('both')
    .describe('Which names of the GenAI conventions: metrics come under both unless set, spans then under the latest.'),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('What is logged at least.'),
});
export type TelemetryConfig = z.infer<typeof telemetrySchema>;
