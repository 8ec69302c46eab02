// The composition root: what outlives a reload is opened once; the stages are bound to one snapshot of the configuration.
// With open/ the only place that constructs clients.
import { hash, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { approvalsApi } from './admin/approvals-api.ts';
import type { ApiSource } from './admin/api.ts';
import { bindStages, type Bound } from './bind/bind.ts';
import type { Config } from './config/load.ts';
import { failModeOverrides } from './config/overrides.ts';
import { systemClock } from './core/clock.ts';
import type { Incoming } from './core/exchange.ts';
import type { Problem } from './core/problem.ts';
import { gateway } from './gateway.ts';
import { draining } from './http/data-app.ts';
import type { Delivery } from './http/deliver.ts';
import type { Check } from './http/readiness.ts';
import { remoteKeySets } from './identity/jwks.ts';
import { isOAuthPath } from './identity/oauth-endpoints.ts';
import type { Reserver } from './limits/reserve.ts';
import { systemSchedule } from './limits/schedule.ts';
import { learnedOutput } from './metering/learned-output.ts';
import { outboundClient } from './outbound/client.ts';
import { openAudit } from './open/audit.ts';
import { openDelegation } from './open/delegation.ts';
import { openApprovals } from './open/approvals.ts';
import { openHistory } from './open/history.ts';
import { type Ledger, openLedger } from './open/ledger.ts';
import { openLimits } from './open/limits.ts';
import { openNotices } from './open/notices.ts';
import { compensator } from './open/rollback.ts';
import { openRuns } from './open/runs.ts';
import { bodyThreads } from './routes/body-threads.ts';
import { startTelemetry, type Telemetry } from './telemetry/telemetry.ts';

const clock = systemClock;
/** No request takes longer to arrive. */
const OUTGOING_MS = 300_000;

/** A gateway in operation. */
export interface Waygate {
  readonly handle: (request: Incoming) => Promise<Delivery>;
  readonly telemetry: Telemetry;
  readonly checks: Readonly<Record<string, Check>>;
  /** What the operators' API works on. */
  readonly operating: Pick<ApiSource, 'store' | 'clock' | 'operators' | 'onAction' | 'parts' | 'timeline' | 'rollback'>;
  /** Puts a configuration into force for the calls that come; those under way keep theirs. Problems say why not. */
  apply(config: Config): Promise<readonly Problem[]>;
  /** Ends the waits for room: another replica takes those calls. */
  drain(): void;
  /** Books and writes what is left. */
  close(): Promise<void>;
}

export interface ComposeOptions {
  readonly config: Config;
  readonly version: string;
  /** Folder of the dev issuer's key. */
  readonly dir: string;
}

/** Opens everything that a configuration names. Rejects where the store cannot be used or the audit not be written. */
export async function compose({ config, version, dir }: ComposeOptions): Promise<Waygate> {
  const instance = `${hostname()
    .replace(/[^\w.-]/g, '-')
    .slice(0, 40)}-${randomUUID().slice(0, 8)}`;
  let bound: Bound | undefined;
  let limits: Reserver | undefined;
  const telemetry = startTelemetry({
    config: config.telemetry,
    otlpHeaders: mapValues(config.telemetry.otlp?.headers ?? {}, config.secret),
    version,
    instance,
    secrets: [],
    destination: (upstream) => bound?.destination(upstream),
    upstreamHealth: () => bound?.health() ?? new Map(),
    waiting: () => limits?.waiting ?? 0,
  });
  const { metrics } = telemetry;
  const ledger = await openLedger(config, telemetry);
  const delegation = await openDelegation(config, ledger, telemetry);
  if (typeof delegation === 'string') {
    await Promise.all([ledger.close(), telemetry.shutdown()]);
    throw new ConfigRefused([{ file: 'waygate.yaml', line: 1, column: 1, message: delegation }]);
  }
  const reserving = openLimits(config, ledger, telemetry);
  limits = reserving;
  const runs = await openRuns(config, ledger, telemetry);
  const history = openHistory(ledger, telemetry);
  const audit = await openAudit({ config, ledger, telemetry, instance });
  const outbound = outboundClient(config.outbound);
  const notices = openNotices(config, outbound, telemetry);
  const approvals = openApprovals(ledger, notices);
  const remoteKeys = remoteKeySets({
    clock,
    fetchJwks: (url) => outbound.get(url),
    onStale: () => metrics.failModeTaken({ dependency: 'identity-keys', mode: 'stale', cause: 'not-fetched' }),
  });
  const threads = bodyThreads({
    threads: config.frontDoor.readers,
    queue: config.frontDoor.readerQueue,
    onFull: () => metrics.overloaded('readers'),
  });
  const parts = {
    clock,
    telemetry,
    limits: reserving,
    runs: runs.registry,
    journaled: runs.journaled,
    history,
    delegation,
    approvals,
    notices,
    ledger: ledger.store,
    recorder: audit.recorder,
    onRevoked: audit.onRevoked,
    learned: learnedOutput(),
    remoteKeys,
    dir,
    sha256: (text: string) => hash('sha256', text, 'hex'),
    readLarge: threads.read,
  };

  const first = bindStages(config, parts);
  if (!first.ok) throw new ConfigRefused(first.problems);
  bound = first.value;
  warnOfOverrides(config, telemetry);
  const stages = () => (bound as Bound).stages;
  const handle = gateway(stages);
  return {
    telemetry,
    handle(request) {
      const { authorize } = bound as Bound;
      return authorize && isOAuthPath(request.path) ? authorize(request) : handle(request);
    },
    checks: {
      async store() {
        if (await ledger.store.ping()) return evictionOf(ledger);
        const ageMs = clock.now() - (reserving.localSinceMs ?? clock.now());
        const isLocal = ageMs < (bound as Bound).localForMs;
        return `${isLocal ? 'warning: ' : ''}the store does not answer${isLocal ? '; routes with a local mode go on by themselves' : ''}`;
      },
      audit: () => (audit.isUp ? undefined : 'the audit cannot be written'),
      upstreams: () => unwell((bound as Bound).health()),
      readers: () => (threads.isFull ? 'warning: as many large requests wait as may' : undefined),
    },
    operating: {
      store: ledger.runs,
      clock,
      operators: () => (bound as Bound).operators,
      onAction: audit.onAction,
      parts: {
        approvals: approvalsApi({
          store: approvals.store,
          onAction: audit.onAction,
          onDecided: (tenant, id) => approvals.gate.changed(tenant, id),
        }),
      },
      timeline: history.timeline,
      rollback: {
        store: ledger.journal,
        leases: runs.leases,
        callTool: compensator({ stages, now: () => clock.now(), schedule: systemSchedule }),
      },
    },
    apply: async (next) => {
      const fixed = changedForGood(config, next);
      if (fixed.length > 0) return fixed;
      const rebound = bindStages(next, parts);
      if (!rebound.ok) return rebound.problems;
      const before = bound;
      bound = rebound.value;
      warnOfOverrides(next, telemetry);
      // Calls that began with it may still be on their way to its upstreams.
      setTimeout(() => void before?.close(), OUTGOING_MS).unref();
      return [];
    },
    drain: () => reserving.endWaits(draining()),
    async close() {
      runs.close();
      await Promise.all([history.writer.flush(), notices.close()]);
      await reserving.close();
      await delegation?.close();
      await audit.close();
      await Promise.all([bound?.close(), outbound.close(), threads.close(), telemetry.shutdown()]);
      await ledger.close();
    },
  };
}

/** The configuration has problems that only show when it is put together. */
export class ConfigRefused extends Error {
  override readonly name = 'ConfigRefused';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super('the configuration was refused');
    this.problems = problems;
  }
}

function evictionOf({ eviction }: Ledger): string | undefined {
  const state = eviction?.state;
  return state === undefined ? undefined : `redis may evict ledgers (${state})`;
}

function warnOfOverrides(config: Config, { log }: Telemetry): void {
  for (const override of failModeOverrides(config)) log.warn('a fail mode is not the default', { override });
}

// Listeners, store, audit and telemetry are opened once: a change of theirs needs a new process, and is said, not half done.
const FIXED = [
  'listen',
  'admin',
  'frontDoor',
  'store',
  'audit',
  'telemetry',
  'outbound',
  'runs',
  'notices',
  'delegation',
] as const;

function changedForGood(before: Config, next: Config): Problem[] {
  return FIXED.filter((part) => JSON.stringify(before[part]) !== JSON.stringify(next[part])).map((part) => ({
    file: 'waygate.yaml',
    line: 1,
    column: 1,
    message: `a change of \`${part}\` takes a restart; until then the configuration before it stays in force`,
  }));
}

/** A warning that names the upstreams that fail: others may still be called, so that the process stays ready. */
function unwell(health: ReturnType<Bound['health']>): string | undefined {
  const told = [...health].filter(([, state]) => state !== 'ok').map(([name, state]) => `\`${name}\` is ${state}`);
  return told.length === 0 ? undefined : `warning: ${told.join(', ')}`;
}

function mapValues(
  values: Readonly<Record<string, string>>,
  change: (value: string) => string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]));
}
