// The price catalogue that comes with the gateway. Nothing is fetched: what it does not know has no price here.
import { calcPrice, findProvider, type ModelPrice as Listed } from '@pydantic/genai-prices';
import { type MediaPrice, type ModelPrice, type Rate, rate } from './price.ts';

/** A provider of the catalogue, by its id there or by the address of its API; undefined where it knows neither. */
export function providerId(source: {
  readonly provider: string | undefined;
  readonly url: string;
}): string | undefined {
  const { provider, url } = source;
  return findProvider(provider === undefined ? { providerApiUrl: url } : { providerId: provider })?.id;
}

/** The price of a provider's model at a time, or undefined where the catalogue has none for both input and output. */
export function cataloguePrice(provider: string, model: string, atMs: number): ModelPrice | undefined {
  const listed = listedAt(provider, model, atMs);
  const input = listed && rateOf(listed, 'input_mtok');
  const output = listed && rateOf(listed, 'output_mtok');
  if (!input || !output) return undefined;
  const cacheWrite = rateOf(listed, 'cache_write_mtok') ?? rateOf(listed, 'cache_write_5m_mtok') ?? input;
  return {
    input,
    output,
    cacheRead: rateOf(listed, 'cache_read_mtok') ?? input,
    cacheWrite,
    cacheWriteHour: rateOf(listed, 'cache_write_1h_mtok') ?? cacheWrite,
    reasoning: rateOf(listed, 'output_reasoning_mtok') ?? output,
    ...mediaPrice(listed),
  };
}

const MEDIA = [
  ['audioInput', 'input_audio_mtok'],
  ['imageInput', 'input_image_mtok'],
  ['videoInput', 'input_video_mtok'],
  ['audioCacheRead', 'cache_audio_read_mtok'],
  ['audioOutput', 'output_audio_mtok'],
  ['imageOutput', 'output_image_mtok'],
] as const satisfies readonly (readonly [keyof MediaPrice, string])[];

function mediaPrice(listed: Listed): Pick<ModelPrice, 'media'> {
  const rates = MEDIA.flatMap(([kind, key]) => {
    const own = rateOf(listed, key);
    return own ? [[kind, own] as const] : [];
  });
  return rates.length > 0 ? { media: Object.fromEntries(rates) } : {};
}

/** The price of embeddings, which have no output; undefined where the catalogue has none for input. */
export function catalogueEmbeddingPrice(provider: string, model: string, atMs: number): ModelPrice | undefined {
  const listed = listedAt(provider, model, atMs);
  const input = listed && rateOf(listed, 'input_mtok');
  if (!input) return undefined;
  const none = rateOf(listed, 'output_mtok') ?? rate(0);
  return { input, cacheRead: input, cacheWrite: input, cacheWriteHour: input, output: none, reasoning: none };
}

/**
 * The price of a model that takes or makes images or sound: each class of tokens at what its dearest medium costs, because
 * answers do not state the media of all classes. Undefined where the catalogue has none for both input and output.
 */
export function catalogueMediaPrice(provider: string, model: string, atMs: number): ModelPrice | undefined {
  const listed = listedAt(provider, model, atMs);
  const input = listed && dearest(listed, ['input_mtok', 'input_image_mtok', 'input_audio_mtok']);
  const output = listed && dearest(listed, ['output_mtok', 'output_image_mtok', 'output_audio_mtok']);
  if (!input || !output) return undefined;
  return { input, cacheRead: input, cacheWrite: input, cacheWriteHour: input, output, reasoning: output };
}

/** The rate with the highest base; media have no tiers. */
function dearest(listed: Listed, keys: readonly string[]): Rate | undefined {
  const rates = keys.map((key) => rateOf(listed, key)).filter((found) => found !== undefined);
  return rates.toSorted((one, other) => other.base - one.base)[0];
}

function listedAt(provider: string, model: string, atMs: number): Listed | undefined {
  return calcPrice({}, model, { providerId: provider, timestamp: new Date(atMs) })?.model_price;
}

function rateOf(listed: Listed, key: string): Rate | undefined {
  const price = listed[key];
  if (price === undefined) return undefined;
  if (typeof price === 'number') return rate(price);
  return rate(price.base, price.tiers);
}
