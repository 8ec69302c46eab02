// What the model dialects have in common: a body with a `model`, which may be an alias.
import type { Action } from '../core/access.ts';
import type { RequestHead } from '../core/exchange.ts';
import type { ToolResult } from '../core/tool-traffic.ts';
import { type Estimate, NO_ESTIMATE } from '../core/usage.ts';
import { type Fields, invalid, readFlag, readName } from './fields.ts';
import { type Edit, outline, type Part, setMember, splice } from './json-outline.ts';
import type { Outgoing, Reading } from './protocol.ts';

/** A request to a model, from its fields. */
export function modelReading(
  fields: Fields,
  read: {
    readonly action: Action;
    readonly args: Fields;
    readonly estimate: Estimate;
    readonly toolResults?: readonly ToolResult[];
  },
): Reading {
  const { toolResults: results, ...access } = read;
  return {
    ...access,
    ...(results && results.length > 0 && { toolResults: results }),
    resource: { kind: 'model', name: readName(fields['model'], 'model') },
    stream: readFlag(fields, 'stream'),
    rpc: undefined,
    abortable: true,
    traceable: false,
  };
}

/** A request for the list of models, or for one of them: `path` is `/models` or `/models/<name>`. */
export function modelListReading(request: RequestHead, path: string, body: Buffer): Reading {
  if (body.length > 0) throw invalid(`expected no body with ${request.method}`);
  const name = path === '/models' ? '' : readName(decodePath(path.slice('/models/'.length)), 'model');
  return {
    action: 'model.list',
    resource: { kind: 'model', name },
    args: {},
    estimate: NO_ESTIMATE,
    stream: false,
    rpc: undefined,
    abortable: true,
    traceable: false,
  };
}

function decodePath(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid('expected the path to be percent-encoded UTF-8');
  }
}

/** The edit that puts the upstream's name of the model in the place of the client's. */
export function aliasEdit(parts: readonly Part[], model: string): Edit {
  return setMember(0, parts, { key: 'model', value: JSON.stringify(model) });
}

/** The client's bytes, with the upstream's name of the model. */
export function writeModel(body: Buffer, reading: Reading, model: string): Outgoing {
  if (model === reading.resource.name) return { body, splices: [], hideUsage: false };
  const text = body.toString('latin1');
  const parts = outline(text, text.indexOf('{'));
  return { body: splice(body, [aliasEdit(parts, model)]), splices: ['model-alias'], hideUsage: false };
}
