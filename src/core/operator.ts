/** What operators may do, each with all before it: look, decide on held calls, stop and let go on. */
export const RANKS = ['viewer', 'approver', 'operator'] as const;
export type Rank = (typeof RANKS)[number];

/** Somebody who operates the gateway, as the token for its operators' listener says. Never a caller of the data plane. */
export interface Operator {
  readonly subject: string;
  readonly issuer: string;
  /** Its ranks, and beside them every other role of its token, which a policy may ask of approvers. */
  readonly roles: readonly string[];
  /** Tenants that it sees and changes; `*` for all, those that come later included. */
  readonly tenants: readonly string[] | '*';
  /** Of the token, in milliseconds since the epoch. */
  readonly expiresAtMs: number;
}

/** A rank and those below it. */
export function ranksUpTo(rank: Rank): readonly Rank[] {
  return RANKS.slice(0, RANKS.indexOf(rank) + 1);
}

/** Whether an operator sees and changes this tenant. */
export function isOver({ tenants }: Pick<Operator, 'tenants'>, tenant: string): boolean {
  return tenants === '*' || tenants.includes(tenant);
}
