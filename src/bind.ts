// One snapshot of the configuration → the stages of the pipeline. Everything that can be compiled is compiled here.
import { join } from 'node:path';
import type { AuditRecorder } from './audit/recorder.ts';
import { type Authorize, authorizationServer } from './bind-delegation.ts';
import { apisOf, routesOf, selectorOf } from './bind-routes.ts';
import { holding, offering } from './bind-approvals.ts';
import { placing, remembering } from './bind-history.ts';
import { destinations, openNamed, pricesOf } from './bind-upstreams.ts';
import type { Config } from './config/load.ts';
import { type Call, inRun, type PermittedCall } from './core/call.ts';
import type { Clock } from './core/clock.ts';
import { forwardableHeaders } from './core/headers.ts';
import type { GatewayError } from './core/errors.ts';
import { TreeMoved } from './core/tree-moved.ts';
import type { Checked } from './core/problem.ts';
import { presenter, refuse } from './http/present.ts';
import { originCheck } from './http/rebinding.ts';
import { DEV_ISSUER_FILE, openDevIssuer } from './identity/dev-issuer.ts';
import { type Authenticate, authenticator, identifier } from './identity/identify.ts';
import { type IdentifyOperator, operatorIdentifier } from './identity/operators.ts';
import type { KeySet } from './identity/jwks.ts';
import type { RunRevoked } from './identity/revoke.ts';
import { refusalMemory } from './limits/refusal-memory.ts';
import { lookAt } from './limits/look.ts';
import { localBounds } from './limits/local-bounds.ts';
import type { Reserver } from './limits/reserve.ts';
import type { LedgerStore } from './limits/store.ts';
import { storeCause } from './limits/unavailable.ts';
import { callPrice } from './metering/call-price.ts';
import type { LearnedOutput } from './metering/learned-output.ts';
import { unanswered } from './metering/metered.ts';
import { outputReserve } from './metering/output-reserve.ts';
import type { ModelPrice } from './metering/price.ts';
import { dearestQuote } from './metering/quote.ts';
import { meter } from './metering/tap.ts';
import type { Approvals } from './open-approvals.ts';
import type { OpenDelegation } from './open-delegation.ts';
import type { History } from './open-history.ts';
import { compile } from './policy/compile.ts';
import { decideFor, mayUseFor } from './policy/delegated.ts';
import { quotasFor } from './policy/permit-limits.ts';
import { judge } from './policy/judge.ts';
import { oblige } from './policy/oblige.ts';
import type { PolicySet } from './policy/policy-set.ts';
import { PROTOCOLS } from './protocols/index.ts';
import { paceOf } from './protocols/pace.ts';
import type { ReadLarge } from './routes/body-threads.ts';
import { mergeLists } from './routes/model-list.ts';
import type { ModelSelector } from './routes/models.ts';
import { resolver } from './routes/resolve.ts';
import type { RouteTable } from './routes/table.ts';
import { visibleList } from './routes/visible.ts';
import { checkBounds } from './runs/bounds.ts';
import { clearance } from './runs/clearance.ts';
import { HINTS } from './runs/hints.ts';
import { type JournalGate, journalObligation, repeatOf } from './runs/journal-gate.ts';
import { unlessRepeated } from './runs/loop-admission.ts';
import { lineageOf } from './runs/lineage.ts';
import type { Registry } from './runs/registry.ts';
import type { Stages } from './stages.ts';
import type { Destination } from './telemetry/client-span.ts';
import { CLOSED } from './telemetry/fail-modes.ts';
import type { Telemetry } from './telemetry/telemetry.ts';
import { changedAnswer } from './upstreams/changed.ts';
import type { Health } from './upstreams/circuit.ts';
import { fallbackForwarder } from './upstreams/fallback.ts';
import { forwarder } from './upstreams/forward.ts';
import { listForwarder } from './upstreams/list.ts';
import { systemPause } from './upstreams/pause.ts';
import type { Upstream } from './upstreams/upstream.ts';

/** What the stages need that outlives a reload. */
export interface Parts {
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly limits: Reserver;
  readonly runs: Registry;
  readonly history: History;
  /** Undefined where the gateway makes no tokens. */
  readonly delegation: OpenDelegation | undefined;
  /** Records that a run is ended because its token was revoked. Rejects with `audit.unavailable`. */
  readonly onRevoked: (revoked: RunRevoked) => Promise<void>;
  readonly approvals: Approvals;
  readonly ledger: LedgerStore;
  readonly journaled: JournalGate;
  readonly recorder: AuditRecorder;
  readonly learned: LearnedOutput;
  readonly remoteKeys: (url: string, staleMs?: number) => KeySet;
  /** Folder of the dev issuer's key. */
  readonly dir: string;
  readonly sha256: (text: string) => string;
  readonly readLarge: ReadLarge;
}

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

const monotonicMs = (): number => performance.now();

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

function stagesOf({ config, parts, policies, upstreams, table, models, identify }: Material): Stages {
  const { clock, telemetry, limits, runs, history, recorder } = parts;
  const { limits: waiting } = config;
  const now = (): number => clock.now();
  const prices = pricesOf(config);
  const learners = Object.keys(config.upstreams).filter((name) => config.upstreams[name]?.reserve === 'p99');
  const output = outputReserve({ upstreams: new Set(learners), learned: parts.learned });
  const priceOf = (call: Call) => callPrice(prices, call, now());
  const onCeiling = (): void =>
    telemetry.metrics.failModeTaken({ dependency: 'price', mode: 'ceiling', cause: 'unknown' });
  const quotedPriceOf = prices.ceiling ? counted(priceOf, { price: prices.ceiling, onPrice: onCeiling }) : priceOf;
  const { boundsOf: localOf } = localBounds(config);
  const resolve = resolver({
    match: table.match,
    models,
    apis: apisOf(config, table),
    noStreamOptions: new Set(Object.keys(config.upstreams).filter((name) => !config.upstreams[name]?.streamOptions)),
    endToEnd: forwardableHeaders,
    checkOrigin: originCheck(config.listen.host),
    readLarge: parts.readLarge,
  });
  const refusals = refusalMemory({
    clock,
    decisionsStand: !policies.readsTime && !policies.readsRun,
    onRecall: (code) => telemetry.metrics.refusalRemembered(code),
  });
  const forward = forwarder({
    upstreams,
    clock,
    monotonicMs,
    random: () => Math.random(),
    pause: systemPause,
    withTrace: (call, trace) => PROTOCOLS[call.dialect].withTrace(call, trace),
    onRetry: (upstream, outcome) => telemetry.metrics.upstreamRetried(upstream, outcome),
  });
  const forwardToOne = fallbackForwarder({
    forward,
    onFallback: (from, to) => telemetry.metrics.upstreamLeft(from, to),
  });
  const holds = holding(parts.approvals);
  const own = offering({
    ...parts.approvals,
    clock,
    toolsOf: (upstream) => config.upstreams[upstream]?.ownTools ?? [],
    decide: (access) => decideFor(policies, access),
    mayUse: (access) => mayUseFor(policies, access),
    standings: ({ access }) =>
      lookAt(parts.ledger, { access, quotas: quotasFor(policies, access.principal), nowMs: now() }),
  });
  const narrow = visibleList({ models, mayUse: (access) => mayUseFor(policies, access) });
  const list = listForwarder(forward, {
    narrow(call, upstream, answer) {
      const body = narrow(call, upstream, answer);
      return own.listed(call, upstream, { ...answer, body });
    },
    merge: mergeLists,
  });
  const inPlace = placing({ ...history, registry: runs, policies });
  const hints = [...config.runs.hints, ...HINTS];
  const remember = remembering(history);
  const journal: Stages['journal'] = (call) => {
    const obligation = journalObligation(call.decision.obligations);
    return obligation && parts.journaled(call, obligation, repeatOf(call));
  };
  return {
    now,
    begin: (request) => telemetry.tracer.begin(request),
    place: (request) => resolve.place(request),
    identify,
    locate: (principal, headers) => runs.find(principal, lineageOf(principal, headers, hints)),
    resolve(request, place, asking) {
      const call = resolve.resolve(request, place, asking);
      return call instanceof Promise
        ? call.then((read) => inPlace(own.recognised(read)))
        : inPlace(own.recognised(call));
    },
    recall: (call) => refusals.recall(call),
    clear: clearance({ registry: runs, now, waitMs: waiting.waitMs }),
    decide: (call) => judge(policies, call),
    approve: (judged, request) => holds.approve(judged, request),
    unsent: (request) => holds.unsent(request),
    oblige: (judged) => inItsOwnTime(oblige(judged)),
    journal,
    quote: (call) => dearestQuote(output.expected(call), quotedPriceOf),
    async admit(call, { quote: quoted, request, trace }) {
      checkBounds(call, now());
      const repeated = history.loops.check(call, call.decision.bounds, call.localResults);
      const admission = limits.admit(call, { quote: quoted, request, trace, waiting, localBounds: localOf });
      return unlessRepeated(repeated, admission.catch(movedOrThrow), (held) => {
        if ('standings' in held) held.release();
      });
    },
    rejoin(call, moved, tries) {
      if (tries >= JUDGED_MAX) throw moved;
      const { run, principal } = call.access;
      return inRun(call, runs.learned(principal.tenant, run, moved));
    },
    enter({ access: { run, principal } }) {
      if (run.tree.bornMs === undefined) runs.born(principal.tenant, run, now());
      return runs.enter(run, principal);
    },
    record: (call, quoted, standings, { traceId }) => recorder.permit(call, { quote: quoted, standings, traceId }),
    forward(call, way) {
      if (call.ownTool) return own.answer(call, call.ownTool);
      if (isList(call)) return list(call, way);
      const answer = forwardToOne(call, way);
      const change = PROTOCOLS[call.dialect].answerChange?.(call);
      return change ? changedAnswer({ call, answer }, change) : answer;
    },
    unanswered: (call, error) => unanswered(call, error, priceOf(call)),
    meter(call, answer, done) {
      if (call.model !== '') limits.heard(call, paceOf(answer, now()));
      const asksTools = call.access.action === 'model.generate';
      return meter(call, answer, {
        price: priceOf(call),
        now,
        done: output.learning(call, done),
        digestsResult: history.loops.guards(call, call.decision.bounds),
        ...(asksTools && { onToolUses: (list) => history.uses.watch(call, list) }),
      });
    },
    present: presenter(now),
    refuse,
    close(record, trace) {
      trace.end(record);
      recorder.end(record, trace.traceId);
      refusals.remember(record);
      remember(record);
      if (record.error !== undefined) countClosed(record.error, telemetry);
      if (record.error?.cause !== undefined)
        telemetry.log.warn('a call failed', { call: record.id, code: record.error.code, cause: record.error.cause });
    },
  };
}

/** A journaled call goes on though its client leaves: cut off, nobody would know what became of it. */
function inItsOwnTime(call: PermittedCall): PermittedCall {
  return call.abortable && journalObligation(call.decision.obligations) ? { ...call, abortable: false } : call;
}

/** How often a call is judged whose run changes meanwhile. */
const JUDGED_MAX = 10;

function movedOrThrow(thrown: unknown): TreeMoved {
  if (thrown instanceof TreeMoved) return thrown;
  throw thrown;
}

// A list is cut down to what its reader may use, and asked of every upstream of its route.
function isList(call: PermittedCall): boolean {
  return call.decision.obligations.some(({ kind }) => kind === 'narrow');
}

/** Tells of each call that is quoted at one price. */
function counted(
  priceOf: (call: Call) => ModelPrice | undefined,
  { price, onPrice }: { readonly price: ModelPrice; readonly onPrice: () => void },
): typeof priceOf {
  return (call) => {
    const found = priceOf(call);
    if (found === price) onPrice();
    return found;
  };
}

function countClosed({ code, cause }: GatewayError, { metrics }: Telemetry): void {
  const closed = CLOSED[code];
  if (!closed) return;
  const known = closed.dependency === 'store' ? { ...closed, cause: storeCause(cause) } : closed;
  metrics.failModeTaken({ ...known, mode: 'closed' });
}

interface Identities {
  readonly identify: Stages['identify'];
  readonly authenticate: Authenticate;
}

function identities({ identity }: Config, { clock, remoteKeys, dir, delegation }: Parts): Identities {
  const dev = identity.dev ? [openDevIssuer(join(dir, DEV_ISSUER_FILE)).issuer] : [];
  const issuers = [...identity.issuers, ...dev];
  const source = { issuers, keys: identity.keys, clock, remoteKeys, own: delegation?.own };
  const authenticate = authenticator(source);
  return { identify: identifier(source, authenticate), authenticate };
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

function operatorsOf({ identity, operators }: Config, { clock, remoteKeys, dir }: Parts): Bound['operators'] {
  const dev = identity.dev ? [openDevIssuer(join(dir, DEV_ISSUER_FILE))] : [];
  return operatorIdentifier({
    issuers: [...operators, ...dev.map((one) => one.operators)],
    dataIssuers: [...identity.issuers, ...dev.map(({ issuer }) => issuer)],
    clock,
    remoteKeys,
  });
}
