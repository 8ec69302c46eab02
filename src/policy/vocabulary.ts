// The words of conditions: variables, their fields, functions. A table; what is not in it is refused at load.
import type { AccessContext, Resource } from '../core/access.ts';
import type { Actor, Principal } from '../core/principal.ts';
import type { Run } from '../core/run.ts';

type Fields = Readonly<Record<string, string>>;

const TIME = 'google.protobuf.Timestamp';

/** Fields of the typed variables, by type. */
export const TYPES = {
  Actor: { subject: 'string', issuer: 'string' },
  Principal: {
    subject: 'string',
    tenant: 'string',
    agent: 'string',
    issuer: 'string',
    scopes: 'list<string>',
    actors: 'list<Actor>',
  },
  Resource: { kind: 'string', upstream: 'string', name: 'string' },
  Run: { id: 'string', depth: 'int' },
  Context: { route: 'string', stream: 'bool', time: TIME },
} as const satisfies Readonly<Record<string, Fields>>;

/** Variables of the condition of a rule. */
export const RULE_VARIABLES: Fields = {
  principal: 'Principal',
  agent: 'string',
  subject: 'string',
  tenant: 'string',
  action: 'string',
  resource: 'Resource',
  args: 'map<string, dyn>',
  run: 'Run',
  context: 'Context',
  now: TIME,
};

/** Variables of `applies`: it is decided once for a principal. */
export const APPLIES_VARIABLES: Fields = TYPES.Principal;

/** Fields that will be there once runs are governed. */
export const LATER: Readonly<Record<string, readonly string[]>> = {
  run: ['root', 'parent', 'labels', 'state', 'steps', 'spent', 'children', 'age'],
};

export const LATER_MESSAGE = 'comes with run governance; this version does not enforce it and so refuses it';

/** Names of types, for `type(args.x) == int`. */
export const TYPE_NAMES = ['bool', 'int', 'double', 'string', 'list', 'map', 'null_type'] as const;

/** Called as `f(x)`. */
export const FUNCTIONS = ['has', 'size', 'type', 'int', 'double', 'string', 'bool', 'timestamp', 'duration'] as const;

/** Called as `list.f(variable, …)`: they run their last arguments for every element. */
export const LOOPS = ['all', 'exists', 'exists_one', 'filter', 'map'] as const;

/** Called as `time.f()`, or with the name of a time zone. */
export const TIME_METHODS = [
  'getFullYear',
  'getMonth',
  'getDate',
  'getDayOfMonth',
  'getDayOfWeek',
  'getHours',
  'getMinutes',
  'getSeconds',
] as const;

/** Called as `x.f()`. */
export const METHODS = [
  ...LOOPS,
  ...TIME_METHODS,
  'startsWith',
  'endsWith',
  'contains',
  'matches',
  'lowerAscii',
  'upperAscii',
  'trim',
  'split',
  'join',
  'indexOf',
  'lastIndexOf',
  'substring',
  'size',
  'hasValue',
  'or',
  'orValue',
  'value',
] as const;

// Values of the typed variables. The engine knows a type by its class, so that a field is one property read.

export class ActorValue {
  readonly subject: string;
  readonly issuer: string | undefined;
  constructor({ subject, issuer }: Actor) {
    this.subject = subject;
    this.issuer = issuer;
  }
}

export class PrincipalValue {
  readonly subject: string;
  readonly tenant: string;
  readonly agent: string;
  readonly issuer: string;
  readonly scopes: readonly string[];
  readonly actors: readonly ActorValue[];
  constructor(principal: Principal) {
    this.subject = principal.subject;
    this.tenant = principal.tenant;
    this.agent = principal.agent;
    this.issuer = principal.issuer;
    this.scopes = principal.scopes;
    this.actors = principal.actors.map((actor) => new ActorValue(actor));
  }
}

export class ResourceValue {
  readonly kind: string;
  readonly upstream: string;
  readonly name: string;
  constructor({ kind, upstream, name }: Resource) {
    this.kind = kind;
    this.upstream = upstream;
    this.name = name;
  }
}

export class RunValue {
  readonly id: string;
  readonly depth: bigint;
  constructor({ id, depth }: Run) {
    this.id = id;
    this.depth = BigInt(depth);
  }
}

export class ContextValue {
  readonly route: string;
  readonly stream: boolean;
  readonly time: Date;
  constructor({ route, stream, timeMs }: AccessContext) {
    this.route = route;
    this.stream = stream;
    this.time = new Date(timeMs);
  }
}

/** The class behind each type. */
export const CLASSES = {
  Actor: ActorValue,
  Principal: PrincipalValue,
  Resource: ResourceValue,
  Run: RunValue,
  Context: ContextValue,
} as const satisfies Record<keyof typeof TYPES, unknown>;
