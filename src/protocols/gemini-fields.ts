// Google takes every field in two spellings, `generationConfig` and `generation_config`
// (https://protobuf.dev/programming-guides/json). Here both are one field, and a request that has both is refused.
import { type Fields, invalid, isFields, type KnownKeys, knownKeys, refuseVariants } from './fields.ts';

const SNAKE = /^[a-z0-9]+(?:_[a-z0-9]+)+$/;
/** Maps whose keys are their author's own. */
const FREE = new Set(['responseSchema', 'responseJsonSchema', '_responseJsonSchema', 'labels']);

/** Fields that Waygate or a policy acts on, and those of `generationConfig`. */
const KNOWN = knownKeys(`
  model contents systemInstruction tools toolConfig safetySettings generationConfig cachedContent content requests
  generateContentRequest taskType title outputDimensionality serviceTier store continuationToken
`);
const KNOWN_CONFIG = knownKeys(`
  maxOutputTokens candidateCount thinkingConfig responseModalities responseMimeType responseSchema responseJsonSchema
  stopSequences temperature topP topK seed presencePenalty frequencyPenalty responseLogprobs logprobs speechConfig
  imageConfig mediaResolution enableEnhancedCivicAnswers
`);
const KNOWN_THINKING = knownKeys('thinkingBudget thinkingLevel includeThoughts');

/** The members of a request by their usual names. Throws `request.invalid` where two of them, or none, could be meant. */
export function readMembers(fields: Fields): Fields {
  return members(fields, KNOWN);
}

/** The members of `generationConfig`; none where it is absent. */
export function readConfig(request: Fields): Fields {
  return memberOf(request, 'generationConfig', KNOWN_CONFIG);
}

/** The members of `thinkingConfig`; none where it is absent. */
export function readThinking(config: Fields): Fields {
  return memberOf(config, 'thinkingConfig', KNOWN_THINKING);
}

function memberOf(fields: Fields, key: string, known: KnownKeys): Fields {
  const value = fields[key] ?? {};
  if (!isFields(value)) throw invalid(`expected \`${key}\` to be an object`);
  return members(value, known);
}

function members(fields: Fields, known: KnownKeys): Fields {
  const named = usualNames(fields);
  refuseVariants(named, known);
  return named;
}

/** One object by the usual names of its members; the same object where they are. */
export function usualNames(fields: Fields): Fields {
  const keys = Object.keys(fields);
  if (!keys.some((key) => SNAKE.test(key))) return fields;
  const named = new Map<string, unknown>();
  for (const key of keys) {
    const usual = usualName(key);
    if (named.has(usual)) throw invalid(`the request has \`${usual}\` in two spellings; send it once`);
    named.set(usual, fields[key]);
  }
  return Object.fromEntries(named);
}

function usualName(key: string): string {
  return SNAKE.test(key) ? key.replace(/_(.)/g, (_, first: string) => first.toUpperCase()) : key;
}

/** A value with the usual names at every depth, but in what is its author's own. Its depth is bounded by the reader of bodies. */
export function usualNamesDeep(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(usualNamesDeep);
  if (!isFields(value)) return value;
  const entries = Object.entries(usualNames(value));
  return Object.fromEntries(entries.map(([key, member]) => [key, FREE.has(key) ? member : usualNamesDeep(member)]));
}
