// One snapshot of the configuration → the stages of the pipeline. Everything that can be compiled is compiled here.
import type { Config } from '../config/load.ts';
import type { Checked } from '../core/problem.ts';
import { presenter, refuse } from '../http/present.ts';
import type { IdentifyOperator } from '../identity/operators.ts';
import { localBounds } from '../limits/local-bounds.ts';
import { lookAt } from '../limits/look.ts';
import { refusalMemory } from '../limits/refusal-memory.ts';
import { meter } from '../metering/tap.ts';
import { compile } from '../policy/compile.ts';
import { decideFor, mayUseFor } from '../policy/delegated.ts';
import { judge } from '../policy/judge.ts';
import { oblige } from '../policy/oblige.ts';
import { quotasFor } from '../policy/permit-limits.ts';
import type { PolicySet } from '../policy/policy-set.ts';
import { paceOf } from '../protocols/pace.ts';
import type { ModelSelector } from '../routes/models.ts';
import type { RouteTable } from '../routes/table.ts';
import type { Stages } from '../stages.ts';
import type { Destination } from '../telemetry/client-span.ts';
import type { Health } from '../upstreams/circuit.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import { admitting, inItsOwnTime } from './admitting.ts';
import { holding, offering, type OwnTools } from './approvals.ts';
import { charging } from './charging.ts';
import { closing } from './closing.ts';
import { type Authorize, authorizationServer } from './delegation.ts';
import { forwarding } from './forwarding.ts';
import { watched } from './history.ts';
import { type Identities, identities, operatorsOf } from './identities.ts';
import type { Parts } from './parts.ts';
import { reading } from './reading.ts';
import { routesOf, selectorOf } from './routes.ts';
import { destinations, openNamed } from './upstreams.ts';

/** Stages bound to one configuration. */
export interface Bound {
  readonly stages: Stages;
  /** Answers what is asked of the gateway as an authorization server; undefined where it is none. */
  readonly authorize: Authorize | undefined;
  readonly revision: string;
  /** Undefined where nobody may operate. */
  readonly operators: IdentifyOperator | undefined;
  /** What telemetry says of an upstream. */
  destination(upstream: string): Destination | undefined;
  /** The longest time that a route may go on by itself while the store does not answer; 0 where none may. */
  readonly localForMs: number;
  /** How the upstreams are, by name. */
  health(): ReadonlyMap<string, Health>;
  /** Closes the upstreams' pools once their calls have ended. */
  close(): Promise<void>;
}

/** Compiles a configuration into stages, or says what is wrong with it; then nothing was opened. */
export function bindStages(config: Config, parts: Parts): Checked<Bound> {
  const compiled = compile(config.policies.files, {
    sha256: parts.sha256,
    enforcement: config.policies.enforcement,
  });
  if (!compiled.ok) return compiled;
  const policies = compiled.value;
  const upstreams = new Map(
    Object.keys(config.upstreams).map((name) => [name, openNamed(name, config, parts.telemetry)]),
  );
  for (const { secret } of upstreams.values()) if (secret) parts.telemetry.redactor.learn([secret]);
  const table = routesOf(config);
  const models = new Map(table.routes.map((route) => [route.name, selectorOf(route, config)]));
  const { identify, authenticate } = identities(config, parts);
  const stages = stagesOf({ config, parts, policies, upstreams, table, models, identify });
  return {
    ok: true,
    value: {
      stages,
      authorize: authorizeOf(stages, { config, parts, authenticate }),
      revision: policies.revision,
      operators: operatorsOf(config, parts),
      localForMs: localBounds(config).forMs,
      destination: destinations(config, upstreams),
      health: () => new Map([...upstreams].map(([name, { circuit }]) => [name, circuit.health])),
      close: async () => void (await Promise.allSettled([...upstreams.values()].map(({ pool }) => pool.close()))),
    },
  };
}

interface Material {
  readonly config: Config;
  readonly parts: Parts;
  readonly policies: PolicySet;
  readonly upstreams: ReadonlyMap<string, Upstream>;
  readonly table: RouteTable;
  readonly models: ReadonlyMap<string, ModelSelector>;
  readonly identify: Stages['identify'];
}

function stagesOf(material: Material): Stages {
  const { config, parts, policies, upstreams, models, identify } = material;
  const { clock, telemetry, limits, history, recorder } = parts;
  const { metrics } = telemetry;
  const now = (): number => clock.now();
  const refusals = refusalMemory({
    clock,
    decisionsStand: !policies.readsTime && !policies.readsRun,
    onRecall: (code) => metrics.refusalRemembered(code),
  });
  const own = ownTools(material);
  const { priceOf, learning, ...charged } = charging(config, parts);
  return {
    now,
    begin: (request) => telemetry.tracer.begin(request),
    identify,
    ...reading({ ...material, own }),
    recall: (call) => refusals.recall(call),
    decide: (call) => judge(policies, call),
    ...holding(parts.approvals),
    oblige: (judged) => inItsOwnTime(oblige(judged)),
    ...charged,
    ...admitting(config, parts),
    record: (call, quote, standings, { traceId }) => recorder.permit(call, { quote, standings, traceId }),
    forward: forwarding({ upstreams, models, policies, own, clock, metrics }),
    meter(call, answer, done) {
      if (call.model !== '') limits.heard(call, paceOf(answer, now()));
      const known = {
        price: priceOf(call),
        now,
        done: learning(call, done),
        digestsResult: history.loops.guards(call, call.decision.bounds),
      };
      return meter(call, answer, call.stream ? watched(call, known, history.uses) : known);
    },
    present: presenter(now),
    refuse,
    close: closing(parts, refusals),
  };
}

function ownTools({ config, parts, policies }: Material): OwnTools {
  const { approvals, clock, ledger } = parts;
  return offering({
    ...approvals,
    clock,
    toolsOf: (upstream) => config.upstreams[upstream]?.ownTools ?? [],
    decide: (access) => decideFor(policies, access),
    mayUse: (access) => mayUseFor(policies, access),
    standings: ({ access }) =>
      lookAt(ledger, { access, quotas: quotasFor(policies, access.principal), nowMs: clock.now() }),
  });
}

function authorizeOf(
  stages: Stages,
  { config, parts, authenticate }: Pick<Material, 'config' | 'parts'> & Pick<Identities, 'authenticate'>,
): Authorize | undefined {
  const { delegation: opened, clock, limits, runs: registry, telemetry, onRevoked } = parts;
  const { limits: waiting } = config;
  const { log } = telemetry;
  return (
    opened && authorizationServer({ opened, stages, authenticate, clock, limits, waiting, registry, log, onRevoked })
  );
}
