// Every method of MCP that Waygate knows, both eras. A method that is not here is refused.
import type { Action, ResourceKind } from '../core/access.ts';
import { type Fields, invalid, isFields, isUnambiguous, readName } from './fields.ts';

/** What a method does, and what on. */
export interface McpMethod {
  readonly action: Action;
  readonly kind: ResourceKind;
  /** Where the name of the resource stands in `params`; `ref` for a completion's reference. */
  readonly name: 'name' | 'uri' | 'ref' | undefined;
  /** Member of `params` that the `Mcp-Name` header repeats. */
  readonly mirrored: 'name' | 'uri' | 'taskId' | undefined;
  /** Whether it is of the revisions with sessions alone: to later ones it is unknown. */
  readonly legacy?: true;
  /** Whether policies see `params.arguments`. */
  readonly args: boolean;
}

const CONNECTION: McpMethod = {
  action: 'tool.list',
  kind: 'tool',
  name: undefined,
  mirrored: undefined,
  args: false,
};
const TASK: McpMethod = { ...CONNECTION, mirrored: 'taskId' };
const RESOURCE: McpMethod = { action: 'resource.read', kind: 'resource', name: 'uri', mirrored: 'uri', args: false };

/** Keeping the connection: every caller who may list may do it. */
export const HOUSEKEEPING = CONNECTION;

const REQUESTS: ReadonlyMap<string, McpMethod> = new Map([
  ['tools/call', { action: 'tool.call', kind: 'tool', name: 'name', mirrored: 'name', args: true }],
  ['tools/list', CONNECTION],
  ['resources/read', RESOURCE],
  ['resources/subscribe', { ...RESOURCE, legacy: true }],
  ['resources/unsubscribe', { ...RESOURCE, legacy: true }],
  ['resources/list', { ...CONNECTION, kind: 'resource' }],
  ['resources/templates/list', { ...CONNECTION, kind: 'resource' }],
  ['prompts/get', { action: 'prompt.get', kind: 'prompt', name: 'name', mirrored: 'name', args: true }],
  ['prompts/list', { ...CONNECTION, kind: 'prompt' }],
  ['completion/complete', { ...CONNECTION, name: 'ref' }],
  ['initialize', CONNECTION],
  ['ping', CONNECTION],
  ['server/discover', CONNECTION],
  ['logging/setLevel', CONNECTION],
  ['subscriptions/listen', CONNECTION],
  ['tasks/list', CONNECTION],
  ['tasks/get', TASK],
  ['tasks/result', { ...TASK, legacy: true }],
  ['tasks/update', TASK],
  ['tasks/cancel', TASK],
] satisfies [string, McpMethod][]);

/** What a request's method is; undefined for an unknown one. */
export function requestMethod(method: string): McpMethod | undefined {
  return REQUESTS.get(method);
}

/** What a notification's method is; undefined for one that may only be a request. */
export function notificationMethod(method: string): McpMethod | undefined {
  return method.startsWith('notifications/') ? HOUSEKEEPING : undefined;
}

/** The call as policies see it. */
export interface McpAccess {
  readonly action: Action;
  readonly resource: { readonly kind: ResourceKind; readonly name: string };
  readonly args: Fields;
}

const URI_MAX = 4_096;

/** What a message of a known method asks for. Throws `request.invalid`. */
export function accessOf(known: McpMethod, params: Fields): McpAccess {
  if (known.name === 'ref') return referenceAccess(params['ref']);
  const { action, kind } = known;
  const name = known.name ? readName(params[known.name], `params.${known.name}`, lengthMax(known.name)) : '';
  return { action, resource: { kind, name }, args: known.args ? readArguments(params['arguments']) : {} };
}

function lengthMax(where: 'name' | 'uri'): number {
  return where === 'uri' ? URI_MAX : 256;
}

function readArguments(value: unknown): Fields {
  if (value === undefined) return {};
  if (!isFields(value)) throw invalid('expected `params.arguments` to be an object');
  if (!isUnambiguous(value)) {
    throw invalid('expected `params.arguments` without lone surrogates and without numbers too large to hold');
  }
  return value;
}

// A completion reveals what it completes.
function referenceAccess(ref: unknown): McpAccess {
  const fields = isFields(ref) ? ref : {};
  switch (fields['type']) {
    case 'ref/prompt': {
      const name = readName(fields['name'], 'params.ref.name');
      return { action: 'prompt.get', resource: { kind: 'prompt', name }, args: {} };
    }
    case 'ref/resource': {
      const name = readName(fields['uri'], 'params.ref.uri', URI_MAX);
      return { action: 'resource.read', resource: { kind: 'resource', name }, args: {} };
    }
    default:
      throw invalid('expected `params.ref.type` to be `ref/prompt` or `ref/resource`');
  }
}
