/**
 * The ledger in a world of its own: gateways, callers, a network and clocks, all in one thread and by one seed, so that
 * whatever happens once can be made to happen again.
 */
import { memoryStore } from '../../../../src/limits/memory.ts';
import type { AdmitRequest, Claim, LedgerStore } from '../../../../src/limits/store.ts';
import { Dice } from '../dice.ts';
import { CallBook } from './call-book.ts';
import { Callers } from './callers.ts';
import { SimulatedGateway } from './gateway.ts';
import { CALM } from './network.ts';
import { LedgerOracle } from './oracle.ts';
import { type Scenario, scenarioOf } from './scenario.ts';
import { Timeline } from './timeline.ts';
import { type Witness, watchedStore } from './watched-store.ts';

export interface Simulated {
  readonly seed: number;
  /** That reached the store. */
  readonly operations: number;
  readonly violations: readonly string[];
  /** Of all that happened: two runs of a seed have the same. */
  readonly digest: string;
}

export interface SimulateOptions {
  readonly seed: number;
  readonly operationsMax: number;
  /** Puts something wrong in the ledger's place, to see it noticed. */
  readonly spoil?: (store: LedgerStore) => LedgerStore;
  /** Told of everything that happens. */
  readonly onEvent?: (words: string) => void;
}

export async function simulate(options: SimulateOptions): Promise<Simulated> {
  const world = new World(options);
  await world.run();
  return world.outcome;
}

const LASTS_MS = 15 * 60_000;
const VIOLATIONS_MAX = 5;
const NOBODY: Witness = { onOperation() {}, onAdmit() {}, onSettle() {}, onRelease() {} };

class World {
  readonly #options: SimulateOptions;
  readonly #dice: Dice;
  readonly #scenario: Scenario;
  readonly #timeline: Timeline;
  readonly #book: CallBook;
  readonly #oracle: LedgerOracle;
  readonly #callers: Callers;
  readonly #store: LedgerStore;
  /** The same, for questions of our own. */
  readonly #probed: LedgerStore;
  readonly #gateways: SimulatedGateway[] = [];
  readonly #violations: string[] = [];
  readonly #begunMs: number;
  #storeAheadMs = 0;
  #operations = 0;
  #digest = 0x811c9dc5;
  #weather = CALM;

  constructor(options: SimulateOptions) {
    this.#options = options;
    this.#dice = new Dice(options.seed);
    const [dice, scenario] = [this.#dice, scenarioOf(this.#dice)];
    this.#scenario = scenario;
    this.#weather = scenario.weather;
    this.#begunMs = scenario.startMs;
    const timeline = new Timeline(scenario.startMs);
    this.#timeline = timeline;
    const onViolation = (text: string): void => this.#wrong(text);
    const onOperation = (words: string): void => {
      this.#operations += 1;
      this.#tell(words);
    };
    const book = new CallBook({ onViolation, onOperation, nowMs: () => timeline.nowMs });
    this.#book = book;
    this.#oracle = new LedgerOracle({
      onViolation,
      onEnd: (call, end, agoMs) => book.onEnd(call, { end, atMs: timeline.nowMs - agoMs }),
    });
    const clock = { now: () => timeline.nowMs + this.#storeAheadMs };
    const { spoil = (store) => store } = options;
    const watched = { store: spoil(memoryStore({ clock })), oracle: this.#oracle, clock };
    this.#store = watchedStore({ ...watched, witness: book });
    this.#probed = watchedStore({ ...watched, witness: NOBODY });
    const fits = (tenant: string, claims: readonly Claim[]): boolean => this.#oracle.fits(tenant, claims, clock.now());
    this.#callers = new Callers({
      scenario,
      timeline,
      dice,
      book,
      onViolation,
      oracle: { fits, bookings: (tenant) => this.#oracle.bookings(tenant) },
    });
  }

  get outcome(): Simulated {
    const digest = this.#digest.toString(16).padStart(8, '0');
    return { seed: this.#options.seed, operations: this.#operations, violations: this.#violations, digest };
  }

  async run(): Promise<void> {
    const { gateways, isRough } = this.#scenario;
    for (let index = 0; index < gateways; index += 1) this.#open();
    if (isRough) this.#misfortune();
    await this.#runFor(LASTS_MS, () => this.#operations < this.#options.operationsMax);
    await this.#settleDown();
  }

  /** A gateway begins, with those who call it. */
  #open(): void {
    const { leaseMs, callers } = this.#scenario;
    const gateway = new SimulatedGateway({
      name: `gateway ${this.#gateways.length + 1}`,
      timeline: this.#timeline,
      dice: this.#dice,
      store: this.#store,
      book: this.#book,
      leaseMs,
      weather: () => this.#weather,
      onViolation: (text) => this.#wrong(text),
    });
    this.#gateways.push(gateway);
    for (let caller = 0; caller < callers; caller += 1) this.#callers.callAt(gateway);
  }

  /** Something bad happens now and then. */
  #misfortune(): void {
    const dice = this.#dice;
    this.#timeline.after(dice.int(0, 20_000), () => {
      if (this.#callers.isOver) return;
      const serving = this.#gateways.filter(({ serves }) => serves);
      if (serving.length > 0) this.#strike(dice.pick(serving));
      this.#misfortune();
    });
  }

  #strike(gateway: SimulatedGateway): void {
    const dice = this.#dice;
    const what = dice.pick([
      'crash',
      'drain',
      'reset',
      'reset',
      'weather',
      'gateway steps',
      'store steps',
      'renewal',
    ] as const);
    this.#tell(`${what} ${gateway.name}`);
    switch (what) {
      case 'crash':
      case 'drain':
        gateway[what]();
        this.#timeline.after(dice.int(0, 5_000), () => this.#open());
        break;
      case 'reset':
        gateway.reset(dice.int(0, 10_000));
        break;
      case 'weather':
        this.#weather = this.#weather === CALM ? this.#scenario.weather : CALM;
        break;
      case 'gateway steps':
        gateway.step(dice.chance(0.8) ? dice.int(1, 5_000) : dice.int(60_000, 7_200_000));
        break;
      case 'renewal':
        void this.#renewBriefly();
        break;
      case 'store steps':
        this.#stepStore(dice.chance(0.8) ? dice.int(1, 2_000) : dice.int(60_000, 7_200_000));
        break;
    }
  }

  /** A gateway with shorter leases, as while a configuration is rolled out: no lease gets shorter by it. */
  async #renewBriefly(): Promise<void> {
    const tenant = this.#dice.pick(this.#scenario.tenants);
    await this.#probed.renew(tenant, this.#oracle.held(tenant), 1_000);
  }

  /** A large step is a server that takes over, with a clock of its own: connections break. */
  #stepStore(ms: number): void {
    this.#storeAheadMs += ms;
    this.#book.stepAtMs = this.#timeline.nowMs;
    if (ms > 2_000) for (const gateway of this.#gateways) gateway.reset(500);
  }

  /** No more calls and no more faults: whatever is held must come back, and nobody may be left waiting. */
  async #settleDown(): Promise<void> {
    this.#callers.isOver = true;
    this.#weather = CALM;
    await this.#runFor(6 * this.#scenario.leaseMs + 60_000, () => true);
    for (const { limits, lives, name } of this.#gateways)
      if (lives && limits.waiting > 0) this.#wrong(`${limits.waiting} wait at ${name} for ever`);
    for (let round = 0; round < 100 && (round === 0 || this.#oracle.open > 0); round += 1) await this.#probe(round);
    if (this.#oracle.open > 0) this.#wrong(`${this.#oracle.open} reservations did not come back`);
    this.#book.close();
  }

  /** Asks every counter where it stands, which ends the leases that are over. */
  async #probe(round: number): Promise<void> {
    for (const [tenant, claims] of this.#oracle.known()) {
      const call = `probe_${round}` as AdmitRequest['call'];
      const asked = claims.map((claim): Claim => ({ ...claim, ask: 0, enforced: false, mode: 'spend' }));
      await this.#probed.admit({ tenant, call, chain: [{ scope: 'call', claims: asked }], leaseMs: 1 });
    }
  }

  #runFor(ms: number, goesOn: () => boolean): Promise<void> {
    const untilMs = this.#timeline.nowMs + ms;
    return this.#timeline.runUntil(untilMs, () => this.#violations.length < VIOLATIONS_MAX && goesOn());
  }

  #tell(words: string): void {
    const line = `${this.#timeline.nowMs - this.#begunMs} ${words}`;
    for (let place = 0; place < line.length; place += 1)
      this.#digest = Math.imul(this.#digest ^ line.charCodeAt(place), 0x01000193) >>> 0;
    this.#options.onEvent?.(line);
  }

  #wrong(text: string): void {
    this.#tell(`VIOLATION ${text}`);
    this.#violations.push(text);
  }
}
