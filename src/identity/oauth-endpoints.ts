// The endpoints of the gateway as an authorization server, whatever serves them.
import type { Headers } from '../core/exchange.ts';
import { PROOF_ALGORITHMS, type Prove } from './dpop.ts';
import { exchange } from './exchange.ts';
import type { ExchangeDeps } from './exchange-deps.ts';
import { EXCHANGE_GRANT } from './exchange-request.ts';
import { readForm } from './form.ts';
import type { GrantStore } from './grant-store.ts';
import { type OAuthReply, problem, problemOf, refusalReply } from './oauth-problem.ts';
import { revoke, type RevokeDeps } from './revoke.ts';
import { CALL_DETAILS } from './rights-details.ts';

export interface OAuthRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: Buffer;
}

export interface OAuthAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface OAuthDeps extends ExchangeDeps, RevokeDeps {
  readonly grants: Pick<GrantStore, 'put' | 'deny' | 'drop'>;
  readonly prove: Prove;
  readonly published: () => { readonly keys: readonly unknown[] };
  /** Told of what is this gateway's own fault. */
  readonly onFault: (error: unknown) => void;
}

export const TOKEN_PATH = '/oauth/token';
export const REVOKE_PATH = '/oauth/revoke';
export const JWKS_PATH = '/.well-known/jwks.json';
/** RFC 8414 §3: the path of the issuer follows. */
export const METADATA_PATH = '/.well-known/oauth-authorization-server';

/** What others may keep of the published keys: far less than a key is published before it signs. */
const KEYS_MAX_AGE = 'public, max-age=300';

/** Whether a path belongs to the endpoints. */
export function isOAuthPath(path: string): boolean {
  return (
    path === TOKEN_PATH ||
    path === REVOKE_PATH ||
    path === JWKS_PATH ||
    path === METADATA_PATH ||
    path.startsWith(`${METADATA_PATH}/`)
  );
}

/** Never rejects. Its request must be of a path that `isOAuthPath` knows. */
export function oauthEndpoints(deps: OAuthDeps): (request: OAuthRequest) => Promise<OAuthAnswer> {
  const metadata = metadataOf(deps.terms.issuer);
  return async function answer(request) {
    const isForm = request.path === TOKEN_PATH || request.path === REVOKE_PATH;
    const allowed = isForm ? ['POST'] : ['GET', 'HEAD'];
    if (!allowed.includes(request.method)) return notAllowed(allowed);
    if (!isForm) return document(request.path === JWKS_PATH ? deps.published() : metadata);
    try {
      return answerOf(await replyTo(request, deps));
    } catch (error) {
      deps.onFault(error);
      return answerOf(
        refusalReply(problem('server_error', 'the gateway failed on this request; its log has the cause')),
      );
    }
  };
}

async function replyTo({ method, path, headers, body }: OAuthRequest, deps: OAuthDeps): Promise<OAuthReply> {
  const form = readForm(headers, body);
  if (!form.ok) return refusalReply(form.problem);
  if (path === REVOKE_PATH) return revoke(form.value, deps);
  let proofKey: string | undefined;
  try {
    proofKey = await deps.prove({ method, path, headers });
  } catch (thrown) {
    return refusalReply(problemOf(thrown, 'invalid_dpop_proof'));
  }
  return exchange({ form: form.value, proofKey }, deps);
}

/** RFC 8414 §2. Who shows a token needs no other credential (RFC 8693 §2.1). */
function metadataOf(issuer: string): Readonly<Record<string, unknown>> {
  return {
    issuer,
    token_endpoint: issuer + TOKEN_PATH,
    revocation_endpoint: issuer + REVOKE_PATH,
    jwks_uri: issuer + JWKS_PATH,
    response_types_supported: [],
    grant_types_supported: [EXCHANGE_GRANT],
    token_endpoint_auth_methods_supported: ['none'],
    revocation_endpoint_auth_methods_supported: ['none'],
    dpop_signing_alg_values_supported: PROOF_ALGORITHMS,
    authorization_details_types_supported: [CALL_DETAILS],
  };
}

function answerOf({ status, headers, body }: OAuthReply): OAuthAnswer {
  // RFC 6749 §5.1: what holds a token is kept by nobody.
  const own = { 'content-type': 'application/json', 'cache-control': 'no-store' };
  return { status, headers: { ...own, ...headers }, body: JSON.stringify(body) };
}

function document(value: unknown): OAuthAnswer {
  const headers = { 'content-type': 'application/json', 'cache-control': KEYS_MAX_AGE };
  return { status: 200, headers, body: JSON.stringify(value) };
}

function notAllowed(allowed: readonly string[]): OAuthAnswer {
  const reply = refusalReply(problem('invalid_request', `this address is for ${allowed.join(' and ')}`));
  const { headers, body } = answerOf(reply);
  return { status: 405, headers: { ...headers, allow: allowed.join(', ') }, body };
}
