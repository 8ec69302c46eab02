// The one vocabulary of errors. A code is `<stage>.<what>`; alerts, clients and tests rely on it (test/pins/errors.test.ts).

/** Who has to act: the caller, the policy author, the limits' owner, an upstream, or the operator of the gateway. */
export type Blame = 'caller' | 'policy' | 'limit' | 'upstream' | 'gateway';

interface ErrorRow {
  readonly status: number;
  readonly blame: Blame;
  /** Whether the same request may succeed later without anybody changing anything. */
  readonly retry: boolean;
}

const row = (status: number, blame: Blame, retry = false): ErrorRow => ({ status, blame, retry });

/** `code → { status, blame, retry }`. The status is the plain HTTP one; a dialect may say it differently (§8 of the design). */
export const ERRORS = {
  'request.invalid': row(400, 'caller'),
  'request.mismatch': row(400, 'caller'),
  'request.too_large': row(413, 'caller'),
  'request.too_many_headers': row(431, 'caller'),
  'request.encoding': row(415, 'caller'),
  'request.origin': row(403, 'caller'),
  'request.upgrade': row(426, 'caller'),
  'request.aborted': row(499, 'caller'),
  'request.timeout': row(408, 'caller'),
  'identity.missing': row(401, 'caller'),
  'identity.invalid': row(401, 'caller'),
  'identity.expired': row(401, 'caller'),
  'identity.unavailable': row(503, 'gateway', true),
  'route.unknown': row(404, 'caller'),
  'route.method': row(405, 'caller'),
  'route.model': row(404, 'caller'),
  'route.operation': row(404, 'caller'),
  'policy.denied': row(403, 'policy'),
  'policy.hold': row(403, 'policy'),
  'policy.obligation': row(403, 'policy'),
  'limit.rate': row(429, 'limit', true),
  'limit.concurrency': row(429, 'limit', true),
  'limit.budget': row(402, 'limit'),
  'limit.held': row(429, 'limit', true),
  'limit.unavailable': row(503, 'gateway', true),
  'limit.lost': row(503, 'gateway'),
  'limit.tree': row(403, 'limit'),
  'run.killed': row(403, 'caller'),
  'run.paused': row(409, 'caller', true),
  'run.draining': row(403, 'caller'),
  'run.ended': row(403, 'caller'),
  'run.repeats': row(403, 'policy'),
  'run.moved': row(503, 'gateway', true),
  'approval.denied': row(403, 'policy'),
  'journal.unknown': row(409, 'caller'),
  'journal.mismatch': row(409, 'caller'),
  'price.unknown': row(403, 'policy'),
  'audit.unavailable': row(503, 'gateway', true),
  'upstream.unreachable': row(502, 'upstream', true),
  'upstream.unavailable': row(503, 'upstream', true),
  'upstream.broken': row(502, 'upstream'),
  'upstream.timeout': row(504, 'upstream'),
  'upstream.redirect': row(502, 'upstream'),
  'upstream.too_large': row(502, 'upstream'),
  'gateway.draining': row(503, 'gateway', true),
  'gateway.overloaded': row(503, 'gateway', true),
  'gateway.internal': row(500, 'gateway'),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

export interface ErrorDetails {
  /** The rule or quota that refused, e.g. `research/prod-is-for-people`. */
  readonly rule?: string;
  /** When the same request may succeed, in milliseconds from now. */
  readonly retryAfterMs?: number;
  /** How long the same request is surely told the same; undefined where nobody knows. */
  readonly standsMs?: number;
  /** Whether it was told before, and nothing was asked this time. */
  readonly isRemembered?: boolean;
  /** Goes to the log and the span, never to the caller. */
  readonly cause?: unknown;
}

/** A broken promise or a refusal on its way to the caller. `message` is public: what happened, which rule, what to do next. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly code: ErrorCode;
  readonly rule: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly standsMs: number | undefined;
  readonly isRemembered: boolean;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.rule = details.rule;
    this.retryAfterMs = details.retryAfterMs;
    this.standsMs = details.standsMs;
    this.isRemembered = details.isRemembered ?? false;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  get blame(): Blame {
    return ERRORS[this.code].blame;
  }

  get retry(): boolean {
    return ERRORS[this.code].retry;
  }
}

/** Whatever was thrown, as a GatewayError; what is not ours says nothing of itself to the caller. */
export function toGatewayError(thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown;
  return new GatewayError('gateway.internal', 'the gateway failed on this request; its log has the cause', {
    cause: thrown,
  });
}
