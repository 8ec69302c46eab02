// Values of the typed variables. The engine knows a type by its class, so that a field is one property read.
import { Duration } from '@marcbachmann/cel-js/evaluator';
import type { AccessContext, Resource } from '../core/access.ts';
import type { Actor, Principal } from '../core/principal.ts';
import { labelsOf, type Run } from '../core/run.ts';
import type { TYPES } from './vocabulary.ts';

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
