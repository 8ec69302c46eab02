// Revocation (RFC 7009): who has a token or run key of the gateway may end it, with the run and all below it.
import type { RunId } from '../core/ids.ts';
import type { Form } from './form.ts';
import type { GrantStore } from './grant-store.ts';
import { type OAuthReply, problem, problemOf, refusalReply } from './oauth-problem.ts';
import type { ReadOwn } from './own-credentials.ts';
import { storeAnswer } from './refusals.ts';
import { placeOf } from './run-key.ts';
import { STALE_MS } from './run-keys.ts';
import { KEY_PREFIX } from './api-keys.ts';

export interface RevokeDeps {
  readonly now: () => number;
  readonly readOwn: ReadOwn;
  readonly grants: Pick<GrantStore, 'deny' | 'drop'>;
  /** Ends the run at the end of the path and all below it. */
  readonly stopRun: (stop: RunRevoked) => Promise<void>;
  /** Makes this process hear of the revocation at once. */
  readonly poll: () => Promise<void>;
}

export interface RunRevoked {
  readonly tenant: string;
  readonly path: readonly RunId[];
  /** The subject of the token. */
  readonly by: string;
}

/** A dropped key may serve from memory a while longer than clocks differ; then nothing knows it any more. */
const DROPPED_FOR_MS = 2 * STALE_MS;
/** Expiry is checked with some tolerance. */
const SLACK_MS = 60_000;

export async function revoke(form: Form, deps: RevokeDeps): Promise<OAuthReply> {
  const token = form.one('token');
  if (token === undefined)
    return refusalReply(problem('invalid_request', '`token` must be the token or run key to revoke'));
  if (token.startsWith(KEY_PREFIX))
    return refusalReply(
      problem('unsupported_token_type', 'API keys are revoked by their operator (`waygate keys revoke`)'),
    );
  try {
    await end(token, deps);
    // §2.2: also for a token that nobody knows, since it is of no use any more.
    return { status: 200, headers: {}, body: {} };
  } catch (thrown) {
    return refusalReply(problemOf(thrown, 'invalid_request'));
  }
}

/** The run first: asked again after a failure, the token can still be read. */
async function end(token: string, { now, readOwn, grants, stopRun, poll }: RevokeDeps): Promise<void> {
  const principal = await readOwn(token);
  if (!principal?.delegation) return;
  const { path, tokenId } = principal.delegation;
  await stopRun({ tenant: principal.tenant, path, by: principal.subject });
  const place = placeOf(token);
  const untilMs = place ? now() + DROPPED_FOR_MS : principal.expiresAtMs + SLACK_MS;
  await storeAnswer(() => grants.deny(tokenId, untilMs));
  if (place) await storeAnswer(() => grants.drop(place));
  await poll();
}
