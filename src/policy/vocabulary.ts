// The words of conditions: variables, their fields, functions. A table; what is not in it is refused at load.
import { Duration } from '@marcbachmann/cel-js/evaluator';
import type { AccessContext, Resource } from '../core/access.ts';
import type { Actor, Principal } from '../core/principal.ts';
import { labelsOf, type Run } from '../core/run.ts';

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
  Run: {
    id: 'string',
    root: 'string',
    parent: 'string',
    depth: 'int',
    source: 'string',
    labels: 'list<string>',
    age: 'google.protobuf.Duration',
    steps: 'int',
    errors: 'int',
    spent: 'double',
    calls: 'map<string, int>',
  },
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

/** What of `run` is counted for its whole tree. Conditions may only compare it with a literal number (counters.ts). */
export const COUNTERS = ['steps', 'errors', 'spent', 'calls'] as const;

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

const MICRO = 1_000_000;

/** Its fields are made when they are read: few conditions read any. */
export class RunValue {
  readonly #run: Run;
  readonly #timeMs: number;
  /** By pattern; holds those that some condition of this request reads. */
  readonly calls = new Map<string, bigint>();
  #labels: readonly string[] | undefined;

  constructor(run: Run, timeMs: number) {
    this.#run = run;
    this.#timeMs = timeMs;
  }

  get id(): string {
    return this.#run.id;
  }
  get root(): string {
    return this.#run.root;
  }
  get parent(): string {
    return this.#run.parent ?? '';
  }
  get depth(): bigint {
    return BigInt(this.#run.depth);
  }
  get source(): string {
    return this.#run.source;
  }
  get labels(): readonly string[] {
    return (this.#labels ??= labelsOf(this.#run));
  }
  /** Since the first call of the tree; a clock that lags behind makes no negative age. */
  get age(): Duration {
    const { bornMs = this.#timeMs } = this.#run.tree;
    return Duration.fromMilliseconds(Math.max(0, this.#timeMs - bornMs));
  }
  get steps(): bigint {
    return BigInt(this.#count('steps'));
  }
  get errors(): bigint {
    return BigInt(this.#count('errors'));
  }
  /** In USD. */
  get spent(): number {
    return this.#count('spent') / MICRO;
  }

  #count(name: string): number {
    return this.#run.tree.counts.get(name) ?? 0;
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
