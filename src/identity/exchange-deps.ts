import type { AccessRequest } from '../core/access.ts';
import type { Decision } from '../core/decision.ts';
import type { RunId } from '../core/ids.ts';
import type { Principal } from '../core/principal.ts';
import type { Delegation } from '../core/rights.ts';
import type { Run } from '../core/run.ts';
import type { Claims } from './claims.ts';
import type { GrantStore } from './grant-store.ts';
import type { Authenticate } from './identify.ts';
import type { OwnTerms } from './own-issuer.ts';

/** `delegation` of the configuration, as far as the exchange goes by it. */
export interface ExchangeTerms extends OwnTerms {
  readonly tokenSeconds: number;
  readonly depthMax: number;
  /** How long the run key of a root may go on past the token that it was made with. */
  readonly runKeyDays?: number | undefined;
  /** Subjects that may be named as the actor of any run of their tenant. */
  readonly actors: readonly string[];
}

export type DelegatedPrincipal = Principal & { readonly delegation: Delegation };

/** A run that is about to begin. */
export interface NewRun extends Pick<Run, 'id' | 'root' | 'parent' | 'path' | 'depth' | 'name'> {
  /** Whom its token or key stands for. */
  readonly principal: DelegatedPrincipal;
}

export interface Carving {
  readonly tenant: string;
  /** The allotment that binds the parent: its own or the nearest above. */
  readonly parentBudget: { readonly run: RunId; readonly amount: number };
  readonly childRun: RunId;
  /** Micro-USD. */
  readonly amount: number;
  /** When the child's token or key expires, in milliseconds since the epoch. */
  readonly untilMs: number;
}

/** What an exchange asks of others. Each rejects with a `GatewayError` where it cannot say. */
export interface ExchangeDeps {
  readonly terms: ExchangeTerms;
  readonly now: () => number;
  readonly authenticate: Authenticate;
  /** The parent's run as it stands now; rejects with `run.*` where it is stopped. */
  readonly runOf: (parent: DelegatedPrincipal) => Promise<Run>;
  /** The policies' word on `run.spawn`, as on any call: recorded, and within the limits that are for it. */
  readonly decideSpawn: (access: AccessRequest, child: NewRun) => Promise<Decision>;
  readonly sign: (claims: Claims) => Promise<string>;
  readonly grants: Pick<GrantStore, 'put'>;
  /** Takes a part of the parent's allotment for the child, whole or not at all: false where too little is left. */
  readonly carve: (carving: Carving) => Promise<boolean>;
  /** Gives a part back that came to nothing. */
  readonly giveBack: (carving: Carving) => Promise<void>;
  readonly openRun: (child: NewRun) => Promise<void>;
}
