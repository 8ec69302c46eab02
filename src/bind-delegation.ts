// Part of the composition root: the gateway as an authorization server, bound to one snapshot of the configuration.
import { type SpawnSource, SpawnCall } from './bind-spawn.ts';
import type { Incoming } from './core/exchange.ts';
import type { RunId } from './core/ids.ts';
import type { Delivery } from './http/deliver.ts';
import { FORM_BYTES } from './identity/form.ts';
import type { Authenticate } from './identity/identify.ts';
import { type OAuthAnswer, type OAuthDeps, oauthEndpoints, TOKEN_PATH } from './identity/oauth-endpoints.ts';
import { ownReader } from './identity/own-credentials.ts';
import type { RunRevoked } from './identity/revoke.ts';
import type { OpenDelegation } from './open-delegation.ts';
import { lineageOf } from './runs/lineage.ts';
import type { Registry } from './runs/registry.ts';
import { stopped } from './runs/standing.ts';
import type { Clock } from './core/clock.ts';
import type { Log } from './telemetry/log.ts';

/** Answers a request of a path that `isOAuthPath` knows. Rejects with what refuses its body. */
export type Authorize = (request: Incoming) => Promise<Delivery>;

export interface DelegationSource extends SpawnSource {
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
  return async function authorize(request) {
    const { method, path, headers } = request;
    const asked = { method, path, headers, body: await request.read(FORM_BYTES) };
    if (path !== TOKEN_PATH || method !== 'POST') return deliveryOf(await oauthEndpoints(shared)(asked));
    const spawn = new SpawnCall(source, request);
    const answer = await oauthEndpoints({ ...shared, ...spawningDeps(source, spawn) })(asked);
    spawn.end(answer.status);
    return deliveryOf(answer);
  };
}

type Spawning = Pick<OAuthDeps, 'decideSpawn' | 'carve'>;

function spawningDeps({ opened, registry }: DelegationSource, spawn: SpawnCall): Spawning {
  return {
    decideSpawn: (access, child) => spawn.decide(access, child),
    carve: (carving) =>
      opened.carvings.carve(carving, (onEnd) => {
        const { root, path } = spawn.child ?? { root: carving.childRun, path: [carving.childRun] };
        return registry.follow(carving.tenant, { root, path }, onEnd);
      }),
  };
}

function sharedDeps({ opened, authenticate, clock, registry, log, onRevoked }: DelegationSource): OAuthDeps {
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
    decideSpawn: () => Promise.reject(new Error('bug: a spawn outside a request for a token')),
    carve: () => Promise.reject(new Error('bug: a carving outside a request for a token')),
    sign: (claims) => ring.sign(claims),
    grants,
    giveBack: (carving) => carvings.giveBack(carving),
    // Its record began with the admission of the spawn.
    openRun: () => Promise.resolve(),
    prove: own.prove,
    published: () => ring.published(),
    onFault: (cause) => log.error('a token request failed in the gateway', { cause }),
    readOwn: ownReader({ terms, keys: ring, store: grants, clock }),
    async stopRun(revoked) {
      await onRevoked(revoked);
      const { tenant, path, by } = revoked;
      const [root, run] = [path[0] as RunId, path.at(-1) as RunId];
      const stop = {
        state: 'killed',
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
