// How the OAuth endpoints refuse: RFC 6749 §5.2, with the codes of RFC 8693, 8707, 9396 and 9449.
import { GatewayError } from '../core/errors.ts';

const STATUS = {
  invalid_request: 400,
  invalid_grant: 400,
  invalid_scope: 400,
  invalid_target: 400,
  invalid_authorization_details: 400,
  invalid_dpop_proof: 400,
  unsupported_grant_type: 400,
  unsupported_token_type: 400,
  access_denied: 403,
  server_error: 500,
  temporarily_unavailable: 503,
} as const;
export type OAuthCode = keyof typeof STATUS;

/** An expected refusal. `description` is public: one sentence. */
export interface OAuthProblem {
  readonly error: OAuthCode;
  readonly description: string;
  /** The policy rule that refused. */
  readonly rule?: string | undefined;
  readonly retryAfterMs?: number | undefined;
}

export type Outcome<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: OAuthProblem };

export interface OAuthReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

export function problem(error: OAuthCode, description: string, rule?: string): OAuthProblem {
  return { error, description, rule };
}

export function refuse(of: OAuthProblem): { readonly ok: false; readonly problem: OAuthProblem } {
  return { ok: false, problem: of };
}

/** What a stage refused with; `error` is for what the caller is to blame for. Throws on what is no refusal. */
export function problemOf(thrown: unknown, error: OAuthCode): OAuthProblem {
  if (!(thrown instanceof GatewayError) || thrown.code === 'gateway.internal') throw thrown;
  const { message, retryAfterMs, rule } = thrown;
  return { error: thrown.retry ? 'temporarily_unavailable' : error, description: message, retryAfterMs, rule };
}

export function refusalReply({ error, description, rule, retryAfterMs }: OAuthProblem): OAuthReply {
  const retry = retryAfterMs === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfterMs / 1_000)) };
  return {
    status: STATUS[error],
    headers: retry,
    body: { error, error_description: plain(description), ...(rule !== undefined && { rule }) },
  };
}

/** RFC 6749 §5.2 allows printable ASCII without `"` and `\`. */
function plain(text: string): string {
  return text
    .replace(/[‘’“”"]/g, "'")
    .replaceAll('…', '...')
    .replace(/[^\x20-\x7e]|\\/gu, '?');
}
