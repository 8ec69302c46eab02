// What the operators' API is made of: handlers that take a request as values and give a reply as values. They know no HTTP server.
import { GatewayError, toGatewayError } from '../core/errors.ts';
import { isOver, type Operator, type Rank } from '../core/operator.ts';

export interface AdminRequest {
  readonly viewer: Operator;
  readonly method: string;
  /** Parts of the path behind the handler's own, decoded. */
  readonly path: readonly string[];
  readonly query: Readonly<Record<string, string>>;
  /** As JSON has it; undefined where there is none. */
  readonly body: unknown;
}

export interface AdminReply {
  readonly status: number;
  /** To be sent as JSON; of a status of 400 and more a problem (RFC 9457). */
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Everything below one part of `/api`. Rejects with a `GatewayError` where what it needs does not answer. */
export type AdminHandler = (request: AdminRequest) => Promise<AdminReply>;

/** A reply that ends the handling, from wherever in it. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly reply: AdminReply;

  constructor(status: number, code: string, detail: string, headers: Readonly<Record<string, string>> = {}) {
    super(detail);
    this.reply = { status, headers, body: { type: 'about:blank', title: code, status, detail } };
  }
}

/** Whatever a handler threw, as its reply. */
export function replyOf(thrown: unknown): AdminReply {
  if (thrown instanceof Refused) return thrown.reply;
  const { status, code, message, retryAfterMs } = toGatewayError(thrown);
  const again = retryAfterMs === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfterMs / 1_000)) };
  const challenge = status === 401 ? { 'www-authenticate': 'Bearer realm="waygate-admin"' } : {};
  return new Refused(status, code, message, { ...again, ...challenge }).reply;
}

/** Throws where the viewer lacks the rank. */
export function demandRank({ roles }: Operator, rank: Rank): void {
  if (roles.includes(rank)) return;
  throw new Refused(
    403,
    'admin.role',
    `this takes the role \`${rank}\`; have one of your token’s roles mapped to it in \`admin.operators\``,
  );
}

/** Throws where the tenant is not one of the viewer's. */
export function demandTenant(viewer: Operator, tenant: string): void {
  if (isOver(viewer, tenant)) return;
  throw new Refused(
    403,
    'admin.tenant',
    tenant === '*'
      ? 'this is for operators of every tenant; name one of yours'
      : `your token is not for the tenant \`${tenant}\`; name one of yours`,
  );
}

/** Throws for a path that a handler does not have. */
export function unknownPath(): never {
  throw new GatewayError('route.unknown', 'there is no such path in the operators’ API');
}

/** Throws for a method that a path does not have. */
export function demandMethod({ method }: AdminRequest, ...allowed: readonly string[]): void {
  if (allowed.includes(method)) return;
  const expected = allowed.map((one) => `\`${one}\``).join(' or ');
  throw new Refused(405, 'route.method', `expected ${expected} here, not \`${method.slice(0, 20)}\``, {
    allow: allowed.join(', '),
  });
}
