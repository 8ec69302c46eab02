import type { Principal } from './principal.ts';
import type { Run } from './run.ts';

export const ACTIONS = [
  'model.generate',
  'model.embed',
  'model.image',
  'model.speech',
  'model.transcribe',
  'model.moderate',
  'model.batch',
  'model.list',
  'model.count',
  'tool.call',
  'tool.list',
  'tool.local',
  'resource.read',
  'prompt.get',
  'agent.send',
  'agent.task',
  'http.request',
  'object.read',
  'object.write',
  'run.spawn',
] as const;

/** What the caller wants to do. A closed union: an unknown action has no name here and so cannot be allowed. */
export type Action = (typeof ACTIONS)[number];

/** The actions that a model carries out: they use tokens or money, and have a price. */
export const MODEL_USES: ReadonlySet<Action> = new Set<Action>([
  'model.generate',
  'model.embed',
  'model.image',
  'model.speech',
  'model.transcribe',
  'model.moderate',
  'model.batch',
]);

export const RESOURCE_KINDS = ['model', 'tool', 'resource', 'prompt', 'agent', 'http', 'object'] as const;
export type ResourceKind = (typeof RESOURCE_KINDS)[number];

/** `kind/upstream/name`, split at the first two slashes. A list is asked of the empty name: `tool/github/`. */
export interface Resource {
  readonly kind: ResourceKind;
  readonly upstream: string;
  readonly name: string;
}

export function formatResource(resource: Resource): string {
  return `${resource.kind}/${resource.upstream}/${resource.name}`;
}

/** The resource that a text names, or undefined where it is not `kind/upstream/name`. */
export function parseResource(text: string): Resource | undefined {
  const first = text.indexOf('/');
  const second = text.indexOf('/', first + 1);
  const kind = RESOURCE_KINDS.find((known) => known === text.slice(0, first));
  if (first < 0 || second < 0 || !kind) return undefined;
  return { kind, upstream: text.slice(first + 1, second), name: text.slice(second + 1) };
}

/** What conditions read as `context`. */
export interface AccessContext {
  /** Name of the route that matched. */
  readonly route: string;
  /** Milliseconds since the epoch. */
  readonly timeMs: number;
  readonly stream: boolean;
}

/** What the policy decides on. */
export interface AccessRequest {
  readonly principal: Principal;
  readonly action: Action;
  readonly resource: Resource;
  /** Arguments of a tool call; for a model call the request's top-level parameters without its messages. */
  readonly args: Readonly<Record<string, unknown>>;
  readonly run: Run;
  readonly context: AccessContext;
  /** Whether the caller says that it is the run's last word, which may use what budgets keep for it. */
  readonly isFinal?: boolean;
}
