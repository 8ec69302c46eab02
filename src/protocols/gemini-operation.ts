// Google's paths: `/v1beta/models/NAME:METHOD`. The version stays, for the two differ in what they know.
import type { Action } from '../core/access.ts';

/** What a path of the dialect asks for. */
export interface GeminiOperation {
  readonly action: Action;
  readonly stream: boolean;
  /** Empty for the list of all. */
  readonly model: string;
}

const ACTIONS: Readonly<Record<string, Action>> = {
  generateContent: 'model.generate',
  streamGenerateContent: 'model.generate',
  countTokens: 'model.count',
  embedContent: 'model.embed',
  batchEmbedContents: 'model.embed',
};

// No `:` in a name: one reader would end it at the first, another at the last.
const CALL = new RegExp(`^/v1(?:beta)?/models/([^/:]+):(${Object.keys(ACTIONS).join('|')})$`);
const LIST = /^\/v1(?:beta)?\/models(?:\/([^/:]+))?$/;

/** Reads a path below the route's base; undefined where it is no operation that Waygate governs. */
export function geminiOperation(method: string, path: string): GeminiOperation | undefined {
  if (method === 'GET') {
    const list = LIST.exec(path);
    return list ? { action: 'model.list', stream: false, model: list[1] ?? '' } : undefined;
  }
  const [, model, verb] = (method === 'POST' && CALL.exec(path)) || [];
  const action = verb === undefined ? undefined : ACTIONS[verb];
  if (model === undefined || !action) return undefined;
  return { action, stream: verb === 'streamGenerateContent', model };
}

/** The same path with another model. */
export function geminiPathTo(path: string, model: string): string {
  return path.replace(/(?<=\/models\/)[^/:]+/, () => encodeURIComponent(model));
}
