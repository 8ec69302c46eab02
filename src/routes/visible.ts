import { type AccessRequest, type Action, MODEL_USES, type Resource, type ResourceKind } from '../core/access.ts';
import type { PermittedCall } from '../core/call.ts';
import { GatewayError } from '../core/errors.ts';
import { PROTOCOLS } from '../protocols/index.ts';
import { withAliases } from './model-list.ts';
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
  return [...models.aliases].flatMap(([alias, targets]) => {
    const target = targets.find(
      (choice) => choice.upstream === upstream && mayUse({ kind: 'model', upstream, name: choice.model }),
    );
    return target ? [[alias, target.model] as const] : [];
  });
}
