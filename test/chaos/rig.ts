// What every scenario runs on: gateways as processes, a witness behind them, clients before them, and a real Redis that
// each gateway reaches through a fault proxy of its own.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Anchor } from '../../src/audit/anchor.ts';
import { redisAnchors } from '../../src/audit/redis.ts';
import { verifyAudit } from '../../src/audit/verify.ts';
import { Redis } from 'ioredis';
import { chatUpstream } from '../support/chat.ts';
import { type FaultProxy, faultProxy } from '../support/fault-proxy.ts';
import { type Random, seededRandom } from '../support/random.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { startWaygate, token, type Waygate } from '../support/waygate.ts';
import { AuditTail } from './audit-tail.ts';
import type { Evidence, GatewayEnd, Tolerances } from './evidence.ts';
import { type LedgerWatch, watchLedger } from './ledger-watch.ts';
import { judge, type Violation } from './oracle.ts';
import { type CallOptions, type ClientCall, makeCall, startTraffic, type Traffic } from './traffic.ts';
import { pause } from './scenario.ts';
import { type Stalls, watchStalls } from './stalls.ts';
import { type Witness, witness } from './witness.ts';

const UPSTREAM_MARK = 'sk-up-CANARY-5b1e7c904fd3a268';
const MONEY_MICROS = 50_000_000;
const REQUESTS = 1_000_000;
const MANY_CALLS = 1_000_000;
/** What the witness says that each call used. */
const TOKENS_PER_CALL = 15;

export interface RigOptions {
  readonly seed: number;
  /** Gateway processes; 2 unless said. */
  readonly gateways?: number;
  /** How many calls the budget of tokens holds: few enough that a scenario can spend all of it. */
  readonly calls?: number;
  /** `store` of the config, for Sentinel and Cluster; a Redis behind one fault proxy per gateway unless given. */
  readonly store?: Readonly<Record<string, unknown>>;
  /** Ports that the ledger's watcher looks at, with `store`. */
  readonly ports?: readonly number[];
  readonly leaseMs?: number;
  readonly redis?: readonly string[];
  /** More policy files, and the limits that they state. */
  readonly policies?: Readonly<Record<string, unknown>>;
  readonly limits?: Evidence['limits'];
  /** More of the config, by gateway. */
  readonly config?: (gateway: number, rig: { readonly witness: Witness }) => Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly under?: readonly string[];
  /** Puts a fault proxy between the gateways and the upstream. */
  readonly upstreamProxy?: boolean;
  /** More of the upstream's config. */
  readonly upstream?: Readonly<Record<string, unknown>>;
  /** Not started: for what must hold before. */
  readonly startLater?: boolean;
}

/** A gateway's place: its folder and proxies outlive the processes that run in it. */
export interface Place {
  readonly name: string;
  readonly dir: string;
  readonly toRedis: FaultProxy | undefined;
  process: Waygate | undefined;
}

export interface Rig {
  readonly random: Random;
  readonly witness: Witness;
  readonly redis: RedisServer;
  readonly places: readonly Place[];
  readonly toUpstream: FaultProxy | undefined;
  readonly watch: LedgerWatch;
  readonly calls: readonly ClientCall[];
  readonly bearer: string;
  /** How long the machine kept a process waiting for a core, at worst within a quarter of a second. */
  readonly stallMs: number;
  start(place: Place): Promise<void>;
  kill(place: Place): Promise<void>;
  /** Waits for a gateway that was told to end; its exit code. */
  ended(place: Place): Promise<number | null>;
  /** One call, kept for the oracle. */
  call(place?: Place, options?: CallOptions): Promise<ClientCall>;
  traffic(perSecond: number): Traffic;
  /** Milliseconds until a call through every gateway is answered again. Throws after a minute. */
  recovered(): Promise<number>;
  /** Calls until the budget refuses; how many were answered. */
  spendTheRest(): Promise<number>;
  /** Ends everything and has the oracle judge what is left. */
  finish(tolerances?: Tolerances): Promise<readonly Violation[]>;
  /** Done once the processes have ended and their folders were read. */
  afterwards(clean: () => void): void;
  /** After a failure that left no evidence worth judging. */
  abandon(): Promise<void>;
}

const MAY_PASS = new Set(['limit.held', 'limit.unavailable']);
const GIVE_UP_MS = 60_000;
/** Exit code of a gateway that was told twice to end. */
const AT_ONCE = 130;
const SPENDING_MS = 30_000;

export async function startRig(options: RigOptions): Promise<Rig> {
  const rig = new ProcessRig(options);
  open.add(rig);
  try {
    await rig.open();
    return rig;
  } catch (error) {
    await rig.abandon();
    throw error;
  }
}

const open = new Set<Rig>();

/** Ends what still runs, where the programme itself is ended. */
export async function abandonAll(): Promise<void> {
  await Promise.all([...open].map((rig) => rig.abandon()));
}

class ProcessRig implements Rig {
  readonly #options: RigOptions;
  readonly #audit = new AuditTail();
  readonly #root = mkdtempSync(join(tmpdir(), 'waygate-chaos-'));
  readonly #ends: GatewayEnd[] = [];
  readonly #cleaning: (() => void)[] = [];
  readonly #stalls: Stalls = watchStalls();
  readonly calls: ClientCall[] = [];
  readonly places: Place[] = [];
  readonly random: Random;
  witness!: Witness;
  redis!: RedisServer;
  watch!: LedgerWatch;
  bearer = '';
  toUpstream: FaultProxy | undefined;

  constructor(options: RigOptions) {
    this.#options = options;
    this.random = seededRandom(options.seed);
  }

  get stallMs(): number {
    return this.#stalls.longestMs;
  }

  async open(): Promise<void> {
    const { gateways = 2, redis = ['--appendonly', 'yes', '--appendfsync', 'always'], store } = this.#options;
    this.witness = await witness(this.#audit);
    this.redis = await startRedis(redis);
    this.#stalls.watch(this.redis.pid);
    this.bearer = await token();
    if (this.#options.upstreamProxy) this.toUpstream = await faultProxy({ to: this.witness.port, random: this.random });
    this.watch = watchLedger(this.#options.ports ?? [this.redis.port]);
    for (let index = 0; index < gateways; index += 1) {
      const name = `gateway-${index + 1}`;
      const dir = mkdtempSync(join(this.#root, `${name}-`));
      this.#audit.follow(join(dir, 'audit'));
      const toRedis = store ? undefined : await faultProxy({ to: this.redis.port, random: this.random });
      this.places.push({ name, dir, toRedis, process: undefined });
    }
    if (!this.#options.startLater) await Promise.all(this.places.map((place) => this.start(place)));
  }

  async start(place: Place): Promise<void> {
    const { store, leaseMs, config, env, under, upstream, policies, calls = MANY_CALLS } = this.#options;
    const url = this.toUpstream ? `http://127.0.0.1:${this.toUpstream.port}` : this.witness.url;
    const redis = { kind: 'redis', url: `redis://127.0.0.1:${place.toRedis?.port}`, ...(leaseMs && { leaseMs }) };
    place.process = await startWaygate({
      dir: place.dir,
      ...(under && { under }),
      env: { UPSTREAM_KEY: UPSTREAM_MARK, ...env },
      config: {
        upstreams: { up: { ...chatUpstream(url), ...upstream } },
        store: { ...(store ?? redis), ...(store && leaseMs && { leaseMs }) },
        limits: { waitMs: 0 },
        audit: { dir: 'audit' },
        drain: { seconds: 5 },
        ...config?.(this.places.indexOf(place), this),
      },
      policies: { 'money.yaml': policyOf(calls), ...policies },
    });
    this.#stalls.watch(place.process.pid);
  }

  async kill(place: Place): Promise<void> {
    const { process } = place;
    if (!process) return;
    place.process = undefined;
    process.signal('SIGKILL');
    const code = await process.exited();
    this.#ends.push({ name: place.name, code, killed: true, output: process.output() });
  }

  async call(place = this.#anyPlace(), options: CallOptions = {}): Promise<ClientCall> {
    const gateway = { name: place.name, url: place.process?.url ?? 'http://127.0.0.1:9' };
    const call = await makeCall(gateway, { bearer: this.bearer, ...options });
    this.calls.push(call);
    return call;
  }

  traffic(perSecond: number): Traffic {
    return startTraffic({
      perSecond,
      random: this.random,
      call: (isStream) => this.call(this.#anyPlace(), { isStream }),
    });
  }

  async recovered(): Promise<number> {
    const began = performance.now();
    for (const place of this.places) {
      for (;;) {
        const { status, text } = await this.call(place);
        if (status === 200) break;
        if (performance.now() - began > GIVE_UP_MS)
          throw new Error(`${place.name} was not back within a minute: ${status} ${text.slice(0, 300)}`);
        await pause(10);
      }
    }
    return Math.round(performance.now() - began);
  }

  async spendTheRest(): Promise<number> {
    let answered = 0;
    const untilMs = performance.now() + SPENDING_MS;
    const spender = async (place: Place): Promise<void> => {
      // What running calls hold may come back: only the budget's own word is the end.
      for (;;) {
        const { status, code, text } = await this.call(place);
        if (status === 200) answered += 1;
        else if (code === 'limit.budget') return;
        // On a machine that stalls, Redis is late now and then, and says so.
        else if (!MAY_PASS.has(code)) throw new Error(`spending the rest met ${status} ${text.slice(0, 300)}`);
        // What is still held then is for the oracle to tell.
        else if (performance.now() > untilMs) return;
      }
    };
    await Promise.all(this.places.flatMap((place) => [spender(place), spender(place), spender(place)]));
    return answered;
  }

  async finish(tolerances: Tolerances = {}): Promise<readonly Violation[]> {
    for (const place of this.places) {
      place.process?.signal('SIGTERM');
      await this.ended(place);
    }
    const dump = await this.watch.dump();
    const ledger = await this.watch.finish();
    const dirs = this.places.map(({ dir }) => join(dir, 'audit'));
    const anchors =
      tolerances.ledgerLost || tolerances.headsLost || this.#options.store ? [] : await anchorsOf(this.redis);
    const report = await verifyAudit(dirs, anchors);
    const evidence: Evidence = {
      calls: this.calls,
      arrivals: this.witness.arrivals,
      lines: new AuditTail(dirs).read(),
      report,
      gateways: this.#ends,
      ledger,
      limits: {
        'money/requests': { unit: 'requests', limit: REQUESTS },
        'money/tokens': { unit: 'tokens', limit: TOKENS_PER_CALL * (this.#options.calls ?? MANY_CALLS) },
        'money/usd': { unit: 'usdMicros', limit: MONEY_MICROS },
        ...this.#options.limits,
      },
      marks: this.#marks(),
      places: { Redis: dump, log: this.#ends.map(({ output }) => output).join('\n'), audit: textIn(dirs) },
      stallMs: this.stallMs,
      tolerances,
    };
    await this.abandon();
    return judge(evidence);
  }

  async abandon(): Promise<void> {
    open.delete(this);
    for (const place of this.places) await this.kill(place);
    await Promise.all(this.places.flatMap(({ toRedis }) => (toRedis ? [toRedis.close()] : [])));
    await this.toUpstream?.close();
    await this.witness?.close();
    await this.watch?.finish();
    await this.redis?.stop();
    this.#stalls.close();
    for (const clean of this.#cleaning.splice(0)) clean();
    rmSync(this.#root, { recursive: true, force: true });
  }

  afterwards(clean: () => void): void {
    this.#cleaning.push(clean);
  }

  async ended(place: Place): Promise<number | null> {
    const { process } = place;
    if (!process) return null;
    const code = await process.exited();
    place.process = undefined;
    this.#ends.push({ name: place.name, code, killed: code === AT_ONCE, output: process.output() });
    return code;
  }

  #anyPlace(): Place {
    const some = this.places.filter(({ process }) => process !== undefined);
    const from = some.length > 0 ? some : this.places;
    return from[this.random.between(0, from.length - 1)] as Place;
  }

  #marks(): Evidence['marks'] {
    const [, payload = '', signature = ''] = this.bearer.split('.');
    return {
      'upstream credential': UPSTREAM_MARK,
      'client token': payload,
      'signature of the client token': signature,
    };
  }
}

/** Windows that roll by the ledger's clock: no scenario meets a midnight. */
function policyOf(calls: number): unknown {
  return {
    policy: 'money',
    rules: [
      { id: 'all', allow: ['model.generate', 'model.list', 'http.request'] },
      { id: 'no', deny: 'model.generate', on: 'model/*/forbidden' },
    ],
    limits: [
      { id: 'requests', budget: `${REQUESTS} requests`, every: '5d', per: 'agent' },
      { id: 'tokens', budget: `${calls * TOKENS_PER_CALL} tokens`, every: '5d', per: ['agent', 'model'] },
      { id: 'usd', budget: `${MONEY_MICROS / 1_000_000} USD`, every: '5d', per: 'tenant' },
    ],
  };
}

async function anchorsOf({ url }: RedisServer): Promise<readonly Anchor[]> {
  const redis = new Redis(url);
  try {
    return await redisAnchors(redis).list();
  } finally {
    redis.disconnect();
  }
}

function textIn(dirs: readonly string[]): string {
  const files = dirs.flatMap((dir) => (existsSync(dir) ? readdirSync(dir).map((name) => join(dir, name)) : []));
  return files.map((file) => readFileSync(file, 'latin1')).join('\n');
}
