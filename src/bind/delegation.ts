// Part of the composition root: the gateway as an authorization server, bound to one snapshot of the configuration.
import { type SpawnSource, SpawnCall } from './spawn.ts';
import type { Incoming } from '../core/exchange.ts';
import type { RunId } from '../core/ids.ts';
import type { Delivery } from '../http/deliver.ts';
import { FORM_BYTES } from '../identity/form.ts';
import type { Authenticate } from '../identity/identify.ts';
import { type OAuthAnswer, type OAuthDeps, oauthEndpoints, TOKEN_PATH } from '../identity/oauth-endpoints.ts';
import { ownReader } from '../identity/own-credentials.ts';
import type { RunRevoked } from '../identity/revoke.ts';
import type { OpenDelegation } from '../open/delegation.ts';
import { lineageOf } from '../runs/lineage.ts';
import type { Registry } from '../runs/registry.ts';
import { stopped } from '../runs/standing.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../telemetry/log.ts';

/** Answers a request of a path that `isOAuthPath` knows. Rejects with what refuses its body. */
export type Authorize = (request: Incoming) => Promise<Delivery>;

export interface DelegationSource extends Omit<SpawnSource, 'carvings' | 'registry'> {
  readonly opened: OpenDelegation;
  readonly authenticate: Authenticate;
  readonly clock: Clock;
  readonly registry: Registry;
  readonly log: Log;
  /** Records that a run is ended, before it is. Rejects with `audit.unavailable`. */
  readonly onRevoked: (revoked: RunRevoked) => Promise<void>;
}

/** The endpoints, each request for a token a call of its own. */
export function authorizationServer(source: DelegationSource): Authorize {
  const shared = sharedDeps(source);
  const others = oauthEndpoints({ ...shared, ...NOT_SPAWNING });
  const spawning = { ...source, carvings: source.opened.carvings };
  return async function authorize(request) {
    const { method, path, headers } = request;
    const asked = { method, path, headers, body: await request.read(FORM_BYTES) };
    if (path !== TOKEN_PATH || method !== 'POST') return deliveryOf(await others(asked));
    const spawn = new SpawnCall(spawning, request);
    const answer = await oauthEndpoints({ ...shared, ...spawningDeps(spawn) })(asked);
    await spawn.end(answer.status);
    return deliveryOf(answer);
  };
}

type Spawning = Pick<OAuthDeps, 'decideSpawn' | 'carve' | 'giveBack' | 'openRun'>;
type SharedDeps = Omit<OAuthDeps, keyof Spawning>;

/** The decision takes the budget and begins the run too, and the end of the call gives back what came to nothing. */
function spawningDeps(spawn: SpawnCall): Spawning {
  return {
    decideSpawn: (access, child) => spawn.decide(access, child),
    carve: () => Promise.resolve(!spawn.isShort),
    giveBack: () => Promise.resolve(),
    openRun: () => Promise.resolve(),
  };
}

const never = (): Promise<never> => Promise.reject(new RangeError('bug: only a request for a token begins a run'));
const NOT_SPAWNING: Spawning = { decideSpawn: never, carve: never, giveBack: never, openRun: never };

function sharedDeps({ opened, authenticate, clock, registry, log, onRevoked }: DelegationSource): SharedDeps {
  const { terms, ring, grants, own, carvings, runStore } = opened;
  return {
    terms,
    now: () => clock.now(),
    authenticate,
    async runOf(parent) {
      const run = await registry.find(parent, lineageOf(parent, {}, []));
      const standing = registry.standing(run, parent);
      if (standing) throw stopped(standing);
      return run;
    },
    sign: (claims) => ring.sign(claims),
    grants,
    prove: own.prove,
    published: () => ring.published(),
    onFault: (cause) => log.error('a token request failed in the gateway', { cause }),
    readOwn: ownReader({ terms, keys: ring, store: grants, clock }),
    async stopRun(revoked) {
      await onRevoked(revoked);
      const { tenant, path, by } = revoked;
      const [root, run] = [path[0] as RunId, path.at(-1) as RunId];
      const stop = {
        state: 'done',
        cause: 'person',
        by,
        because: 'its token was revoked',
        atMs: clock.now(),
      } as const;
      await runStore.stop({ tenant, root, run }, stop);
      carvings.ended(run);
      await registry.watch();
    },
    poll: () => own.revocations.poll(),
  };
}

function deliveryOf({ status, headers, body }: OAuthAnswer): Delivery {
  return { status, headers, body: Buffer.from(body) };
}
