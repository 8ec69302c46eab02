import { type AccessRequest, type Action, MODEL_USES, type Resource, type ResourceKind } from '../core/access.ts';
import type { PermittedCall } from '../core/call.ts';
import { GatewayError } from '../core/errors.ts';
import { PROTOCOLS } from '../protocols/index.ts';
import type { ModelSelector } from './models.ts';

/** The action that using a listed thing would be. */
const USE: Readonly<Record<ResourceKind, readonly Action[]>> = {
  // A batch takes a permit for what is in it too.
  model: [...MODEL_USES].filter((action) => action !== 'model.batch'),
  tool: ['tool.call'],
  resource: ['resource.read'],
  prompt: ['prompt.get'],
  agent: ['agent.send'],
  http: ['http.request'],
  object: ['object.read'],
};

export interface VisibleSource {
  readonly models: ReadonlyMap<string, ModelSelector>;
  /** Whether some request for the resource could be permitted. */
  readonly mayUse: (access: AccessRequest) => boolean;
}

type MayUse = (resource: Resource) => boolean;

/** One upstream's list, without what the route does not serve and the caller may not use, and with the aliases it may use. */
export function visibleList(source: VisibleSource) {
  return function narrow(
    call: PermittedCall,
    upstream: string,
    answer: { readonly body: Buffer; readonly contentType: string },
  ): Buffer {
    const models = source.models.get(call.route.name);
    const mayUse: MayUse = (resource) =>
      USE[resource.kind].some((action) => source.mayUse({ ...call.access, action, resource, args: {} }));
    if (call.model !== '') return oneModel(call, answer.body, mayUse);
    const body = PROTOCOLS[call.dialect].narrow(answer.body, answer.contentType, ({ kind, name }) => {
      if (kind === 'model' && models && !models.serves(upstream, name)) return false;
      return mayUse({ kind, upstream, name });
    });
    return models ? withAliases(call, body, aliasesOf(models, upstream, mayUse)) : body;
  };
}

// A model that may not be used is one that is not there.
function oneModel(call: PermittedCall, body: Buffer, mayUse: MayUse): Buffer {
  if (mayUse(call.access.resource)) return body;
  throw new GatewayError(
    'route.model',
    `there is no model \`${call.model}\` that you may use; GET /v1/models lists those that you may`,
  );
}

/** Alias → the upstream's name of the model, for aliases that the caller may use. */
function aliasesOf(models: ModelSelector, upstream: string, mayUse: MayUse): readonly (readonly [string, string])[] {
  return [...models.aliases]
    .filter(([, choice]) => choice.upstream === upstream && mayUse({ kind: 'model', upstream, name: choice.model }))
    .map(([alias, { model }]) => [alias, model] as const);
}

type Entry = Readonly<Record<string, unknown>>;
interface ModelList {
  readonly data?: readonly Entry[];
}

/** The list with the aliases before the models: pages of Anthropic's lists go on behind the last model. */
function withAliases(call: PermittedCall, body: Buffer, aliases: readonly (readonly [string, string])[]): Buffer {
  if (aliases.length === 0 || /[?&](?:after|before)_id=/.test(call.target)) return body;
  const list = JSON.parse(body.toString()) as ModelList;
  const { data } = list;
  if (!Array.isArray(data)) return body;
  const entries = aliases.map(([alias, model]) => {
    const known = data.find((entry) => entry['id'] === model) ?? bareEntry(call);
    return { ...known, id: alias };
  });
  return Buffer.from(JSON.stringify({ ...list, data: [...entries, ...data] }));
}

// What an SDK needs to read an entry, where the upstream does not list the model itself.
function bareEntry(call: PermittedCall): Entry {
  return call.dialect === 'anthropic'
    ? { type: 'model', id: '', display_name: '', created_at: '1970-01-01T00:00:00Z' }
    : { id: '', object: 'model', created: 0, owned_by: 'waygate' };
}

/** Several lists of models as one, in the order of the upstreams; of two equal ids the first stays. */
export function mergeLists(_: PermittedCall, bodies: readonly Buffer[]): Buffer {
  const lists = bodies.map((body) => JSON.parse(body.toString()) as ModelList);
  const seen = new Set<unknown>();
  const data = lists.flatMap((list) => list.data ?? []).filter(({ id }) => !seen.has(id) && seen.add(id));
  const ends =
    lists[0] && 'first_id' in lists[0]
      ? { first_id: data[0]?.['id'] ?? null, last_id: data.at(-1)?.['id'] ?? null, has_more: false }
      : {};
  return Buffer.from(JSON.stringify({ ...lists[0], data, ...ends }));
}
