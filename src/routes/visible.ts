import type { AccessRequest, Action, Resource, ResourceKind } from '../core/access.ts';
import type { PermittedCall } from '../core/call.ts';
import { PROTOCOLS } from '../protocols/index.ts';
import type { ModelSelector } from './models.ts';

/** The action that using a listed thing would be. */
const USE: Readonly<Record<ResourceKind, readonly Action[]>> = {
  model: ['model.generate', 'model.embed'],
  tool: ['tool.call'],
  resource: ['resource.read'],
  prompt: ['prompt.get'],
  agent: ['agent.send'],
  http: ['http.request'],
};

export interface VisibleSource {
  readonly models: ReadonlyMap<string, ModelSelector>;
  /** Whether some request for the resource could be permitted. */
  readonly mayUse: (access: AccessRequest) => boolean;
}

/** One upstream's list, without what the route does not serve and the caller may not use. */
export function visibleList(source: VisibleSource) {
  return function narrow(
    call: PermittedCall,
    upstream: string,
    answer: { readonly body: Buffer; readonly contentType: string },
  ): Buffer {
    const models = source.models.get(call.route.name);
    const usable = (resource: Resource): boolean =>
      USE[resource.kind].some((action) => source.mayUse({ ...call.access, action, resource, args: {} }));
    return PROTOCOLS[call.dialect].narrow(answer.body, answer.contentType, ({ kind, name }) => {
      if (kind === 'model' && models && !models.serves(upstream, name)) return false;
      return usable({ kind, upstream, name });
    });
  };
}

/** Several lists of models as one, in the order of the upstreams; of two equal ids the first stays. */
export function mergeLists(_: PermittedCall, bodies: readonly Buffer[]): Buffer {
  const lists = bodies.map((body) => JSON.parse(body.toString()) as { data?: readonly { id?: unknown }[] });
  const seen = new Set<unknown>();
  const data = lists.flatMap((list) => list.data ?? []).filter((entry) => !seen.has(entry.id) && seen.add(entry.id));
  const ends =
    lists[0] && 'first_id' in lists[0]
      ? { first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null, has_more: false }
      : {};
  return Buffer.from(JSON.stringify({ ...lists[0], data, ...ends }));
}
