import { z } from 'zod';
import { NOT_A_REFERENCE, SECRET_REFERENCE } from '../core/secret-reference.ts';

const secret = z.string().regex(SECRET_REFERENCE, NOT_A_REFERENCE);

/** `telemetry` in the configuration. Without `otlp` there are still metrics to scrape, logs, and trace context passed on. */
export const telemetrySchema = z.strictObject({
  serviceName: z.string().min(1).default('waygate'),
  /** Where an OTLP/HTTP collector listens; `/v1/traces` and `/v1/metrics` are added. */
  otlp: z
    .strictObject({
      endpoint: z
        .url({ protocol: /^https?$/ })
        .refine((url) => !/[?#@]/.test(url), 'expected an address without user, query or fragment')
        .transform((url) => url.replace(/\/+$/, '')),
      headers: z.record(z.string().regex(/^[A-Za-z0-9-]+$/, 'expected a header name'), secret).default({}),
      timeoutMs: z.int().min(100).max(60_000).default(10_000),
    })
    .optional(),
  /** Share of traces that begin here and are recorded; a trace that a caller began keeps its caller's choice. */
  sampleRatio: z.number().min(0).max(1).default(1),
  /** Prompts, answers and arguments in spans: not in this version. */
  content: z.literal(false).default(false),
  /** Which names of the GenAI conventions: metrics come under both unless set, spans then under the latest. */
  genai: z.enum(['latest', 'legacy', 'both']).default('both'),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
});
export type TelemetryConfig = z.infer<typeof telemetrySchema>;
