import { z } from 'zod';
import { parseMoney } from '../core/money.ts';

const perMillion = z.number('expected USD per million tokens').min(0).max(10_000);

const priceSchema = z.strictObject({
  input: perMillion.describe('USD per million tokens of fresh input.'),
  output: perMillion.describe('USD per million tokens of output, reasoning included.'),
  cacheRead: perMillion.optional().describe('USD per million tokens that a cache served; as `input` where absent.'),
  cacheWrite: perMillion.optional().describe('USD per million tokens written to a cache; as `input` where absent.'),
});
export type PriceConfig = z.infer<typeof priceSchema>;

const perRequest = z
  .number('expected USD')
  .min(0)
  .max(10_000)
  .describe('USD for each image, speech, transcription or moderation, and for a batch that Waygate cannot read.');

/** `upstreams.<name>.prices`: model name or pattern (`*` matches any characters) → its price, over the catalogue's. */
export const pricesSchema = z.record(
  z.string().min(1).max(256),
  z
    .union(
      [
        z.literal('free'),
        priceSchema.extend({ request: perRequest.optional() }),
        z.strictObject({ request: perRequest }),
      ],
      'expected `free`, `{ input, output, cacheRead, cacheWrite, request }` or `{ request }`',
    )
    .describe('The price of one model, or of all that a name with `*` matches; `free` for nothing.'),
);
export type PricesConfig = z.infer<typeof pricesSchema>;

/** The price of models that neither the config nor the catalogue knows. Never nothing: for that a model is named `free`. */
export const ceilingSchema = priceSchema.extend({
  input: perMillion.positive().describe('USD per million tokens of fresh input.'),
  output: perMillion.positive().describe('USD per million tokens of output, reasoning included.'),
});

/** What a call holds of its limits for its output, until it ends. */
export const reserveSchema = z
  .enum(['worst', 'p99'])
  .default('worst')
  .describe(
    'What calls hold for their output until they end: all that they may use, or what 99 of 100 calls of the tenant to the model used; more than that is booked all the same, and stops the next call.',
  );
/** `upstreams.<name>.price` of a plain HTTP API. Nothing has to be said in its own word. */
export const requestPriceSchema = z
  .string()
  .refine((text) => text === 'free' || (parseMoney(text) ?? 0) > 0, 'expected an amount like `0.002 USD`, or `free`');
