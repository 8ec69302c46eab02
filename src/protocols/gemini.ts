// Google's Gemini API: `POST /v1beta/models/NAME:METHOD`, `GET /v1beta/models` and `GET /v1beta/models/NAME`; `/v1` alike.
// INVARIANT: the path names the model; a body that names another one is refused.
// INVARIANT: no query goes up that Waygate does not know; a credential in it goes nowhere.
import type { RequestHead } from '../core/exchange.ts';
import { NO_ESTIMATE } from '../core/usage.ts';
import { type Fields, invalid, readFields, readName } from './fields.ts';
import { geminiError, geminiStreamError } from './gemini-error.ts';
import { generationEstimate, inputEstimate } from './gemini-estimate.ts';
import { readMembers, usualNamesDeep } from './gemini-fields.ts';
import { checkModels, narrowGemini, renameModels } from './gemini-models.ts';
import { type GeminiOperation, geminiOperation, geminiPathTo } from './gemini-operation.ts';
import { checkQuery } from './gemini-query.ts';
import { geminiToolNames } from './gemini-tools.ts';
import { geminiUsage } from './gemini-usage.ts';
import { rateLimitFields } from './limit-headers.ts';
import type { Protocol, Reading } from './protocol.ts';
import { geminiToolResults } from './tool-steps-gemini.ts';

export const gemini: Protocol = {
  dialect: 'gemini',

  read(request, path, body) {
    const operation = geminiOperation(request.method, path);
    if (!operation) throw invalid('expected a path like `/v1beta/models/NAME:generateContent`');
    checkQuery(request.query);
    const { action, stream, model } = operation;
    return {
      action,
      resource: { kind: 'model', name: model === '' ? '' : readName(model, 'model') },
      ...(action === 'model.list' ? readList(body) : readBody(request, body, operation)),
      stream,
      rpc: undefined,
      abortable: true,
      traceable: false,
    };
  },

  // The path names the model too: an alias is always a splice.
  write(body, reading, { model }) {
    if (model === reading.resource.name) return { body, splices: [], hideUsage: false };
    return { body: renameModels(body, model), splices: ['model-alias'], hideUsage: false };
  },

  pathTo: geminiPathTo,
  withTrace: (call) => call.body,
  narrow: narrowGemini,
  usage: geminiUsage,
  hideUsage: (data) => data,
  error: geminiError,
  streamError: geminiStreamError,
  limitHeaders: rateLimitFields,
};

type Read = Pick<Reading, 'args' | 'estimate' | 'toolResults'>;

function readList(body: Buffer): Read {
  if (body.length > 0) throw invalid('expected no body with GET');
  return { args: {}, estimate: NO_ESTIMATE };
}

const CONTENT = ['contents', 'content', 'requests', 'systemInstruction', 'generateContentRequest', 'tools'];

function readBody(request: RequestHead, body: Buffer, { action, model }: GeminiOperation): Read {
  const members = readMembers(readFields(request, body));
  checkModels(members, model);
  const { content, contents, requests, tools } = members;
  const parameters = Object.entries(members).filter(([key]) => !CONTENT.includes(key));
  const args = usualNamesDeep({ ...Object.fromEntries(parameters), model }) as Fields;
  if (action === 'model.generate') {
    const results = geminiToolResults(contents);
    return {
      args: { ...args, tools: geminiToolNames(tools) },
      ...(results.length > 0 && { toolResults: results }),
      estimate: generationEstimate(body.length, members),
    };
  }
  return { args, estimate: action === 'model.embed' ? inputEstimate(body.length, [content, requests]) : NO_ESTIMATE };
}
