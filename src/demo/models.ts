import { anthropicRefusal, geminiRefusal, openaiRefusal } from './refusal.ts';
import type { Reply } from './reply.ts';
import { MODELS } from './schema.ts';

const SINCE = '2026-01-01T00:00:00Z';

/** Answers `GET /v1/models`, or for one model where a name is given, as OpenAI does. */
export function answerOpenaiModels(name: string | undefined): Reply {
  const describe = (id: string): object => ({
    id,
    object: 'model',
    created: Math.floor(Date.parse(SINCE) / 1000),
    owned_by: 'demo',
  });
  if (name === undefined) return { kind: 'json', status: 200, body: { object: 'list', data: MODELS.map(describe) } };
  if (MODELS.includes(name)) return { kind: 'json', status: 200, body: describe(name) };
  const message = `the model \`${name}\` does not exist`;
  return openaiRefusal({ status: 404, message, param: 'model', code: 'model_not_found' });
}

/** The same as Anthropic does. */
export function answerAnthropicModels(name: string | undefined): Reply {
  const describe = (id: string): object => ({ type: 'model', id, display_name: id, created_at: SINCE });
  if (name !== undefined) {
    if (MODELS.includes(name)) return { kind: 'json', status: 200, body: describe(name) };
    return anthropicRefusal({ status: 404, message: `model: ${name}` });
  }
  const list = { data: MODELS.map(describe), has_more: false, first_id: MODELS[0], last_id: MODELS.at(-1) };
  return { kind: 'json', status: 200, body: list };
}

/** The same as Google does. */
export function answerGeminiModels(name: string | undefined): Reply {
  const describe = (id: string): object => ({
    name: `models/${id}`,
    version: '1',
    displayName: id,
    inputTokenLimit: 1_048_576,
    outputTokenLimit: 65_536,
    supportedGenerationMethods: ['generateContent', 'countTokens', 'embedContent'],
  });
  if (name === undefined) return { kind: 'json', status: 200, body: { models: MODELS.map(describe) } };
  if (MODELS.includes(name)) return { kind: 'json', status: 200, body: describe(name) };
  return geminiRefusal({ status: 404, message: `models/${name} is not found` });
}
