// Google's Gemini API, as https://ai.google.dev/api describes it.
import { answerBatchEmbeddings, answerEmbedding } from './gemini-embeddings.ts';
import { answerCountTokens, answerGenerate } from './gemini-generate.ts';
import { answerGeminiModels } from './models.ts';
import { geminiRefusal } from './refusal.ts';
import type { Reply } from './reply.ts';

/** What is spoken below `/gemini`; what follows the version is its first group. */
export const GEMINI_PATH = /^\/gemini\/v1(?:beta)?(\/.*)$/;

const MODELS = /^\/models(?:\/([^/:]+))?$/;
const CALL = /^\/models\/([^/:]+):(\w+)$/;

export interface GeminiAsked {
  readonly method: string | undefined;
  /** Behind the version. */
  readonly path: string;
  readonly url: string;
  /** Undefined where it is no JSON. */
  readonly body: unknown;
}

/** Answers a request below `/gemini/v1beta`. */
export function answerGemini({ method, path, url, body }: GeminiAsked): Reply {
  const models = MODELS.exec(path);
  if (models && method === 'GET') return answerGeminiModels(models[1]);
  const [, model = '', verb = ''] = CALL.exec(path) ?? [];
  const answer = ANSWERS.get(verb);
  if (!answer || method !== 'POST') return geminiRefusal({ status: 404, message: `nothing is at \`${path}\`` });
  if (typeof body !== 'object' || body === null) {
    return geminiRefusal({ status: 400, message: 'the body is not a JSON object' });
  }
  return answer({ ...body, model }, url);
}

const ANSWERS: ReadonlyMap<string, (body: object, url: string) => Reply> = new Map([
  ['generateContent', (body: object) => answerGenerate(body, 'whole')],
  ['streamGenerateContent', answerStream],
  ['countTokens', answerCountTokens],
  ['embedContent', answerEmbedding],
  ['batchEmbedContents', answerBatchEmbeddings],
]);

function answerStream(body: object, url: string): Reply {
  return answerGenerate(body, /[?&]alt=sse(?:&|$)/.test(url) ? 'events' : 'list');
}
