// Those who call: they think, ask, run for a while, and end as it comes.
import type { PermittedCall } from '../../../../src/core/call.ts';
import { toGatewayError } from '../../../../src/core/errors.ts';
import type { MicroUsd } from '../../../../src/core/money.ts';
import type { Charge } from '../../../../src/core/usage.ts';
import type { Claim } from '../../../../src/limits/store.ts';
import type { Reservation } from '../../../../src/limits/reservation.ts';
import { admission, permitted } from '../../../limits/calls.ts';
import type { Dice } from '../dice.ts';
import type { CallBook, Entry } from './call-book.ts';
import type { SimulatedGateway } from './gateway.ts';
import type { LedgerOracle, Violation } from './oracle.ts';
import type { Scenario } from './scenario.ts';
import type { Timeline } from './timeline.ts';

export interface CallersSource {
  readonly scenario: Scenario;
  readonly timeline: Timeline;
  readonly dice: Dice;
  readonly book: CallBook;
  readonly onViolation: Violation;
  readonly oracle: Pick<LedgerOracle, 'bookings'> & { fits(tenant: string, claims: readonly Claim[]): boolean };
}

/** Past its longest wait a call is answered within the deadlines of a few questions. */
const ANSWERED_WITHIN_MS = 1_000;
/** Those who wait look for room at least twice a second. */
const LOOKS_WITHIN_MS = 1_500;
const MODELS = ['model/openai/large', 'model/openai/small', 'model/azure/large'] as const;

export class Callers {
  readonly #source: CallersSource;
  readonly #waitMaxMs: number;
  #calls = 0;
  /** Set once no further calls begin. */
  isOver = false;

  constructor(source: CallersSource) {
    this.#source = source;
    this.#waitMaxMs = Math.max(...source.scenario.quotas.map(({ waitMs = 0 }) => waitMs));
  }

  /** One caller, who comes back for as long as its gateway serves. */
  callAt(home: SimulatedGateway): void {
    const { dice, scenario } = this.#source;
    home.after(dice.int(0, scenario.thinkMaxMs), () => {
      if (home.serves && !this.isOver) void this.#call(home).then(() => this.callAt(home));
    });
  }

  async #call(home: SimulatedGateway): Promise<void> {
    const { dice, book, onViolation } = this.#source;
    const quote: Charge = { tokens: dice.int(0, 100), money: dice.int(0, 1_000) as MicroUsd };
    const call = this.#make(dice);
    const entry = book.begin(call, home);
    const waiting = { waitMs: dice.pick([0, 400, 2_000, 20_000]), waitingMax: 20, waitingPerTenantMax: 12 };
    const late = Math.max(waiting.waitMs, this.#waitMaxMs) + ANSWERED_WITHIN_MS;
    const callOff = home.after(late, () => onViolation(`${call.id} waits for ever`));
    this.#watch(home, entry);
    const leaving: (() => void)[] = [];
    if (dice.chance(0.3)) home.after(dice.int(0, dice.pick([300, 3_000])), () => leaving.forEach((leave) => leave()));
    const request = { onAbort: (leave: () => void) => void leaving.push(leave) };
    try {
      const reservation = await home.limits.admit(call, admission(quote, { waiting, request }));
      callOff();
      book.told(entry, undefined);
      await this.#run(home, { entry, reservation, quote });
    } catch (thrown) {
      callOff();
      const { code, message } = toGatewayError(thrown);
      if (code === 'gateway.internal') onViolation(`${call.id} failed: ${String((thrown as Error).stack)} ${message}`);
      book.told(entry, code);
    }
  }

  /** One that waits alone, while there is room for it and nobody else comes, must come in. */
  #watch(home: SimulatedGateway, entry: Entry): void {
    const { oracle, book, timeline, onViolation } = this.#source;
    const { call, asked } = entry;
    const { tenant } = call.access.principal;
    const waitsInVain = (): boolean =>
      entry.doing.kind === 'asking' &&
      entry.asked.length > 0 &&
      home.limits.waiting === 1 &&
      oracle.fits(tenant, entry.asked);
    const before = waitsInVain() && oracle.bookings(tenant);
    const beganMs = timeline.nowMs;
    home.after(LOOKS_WITHIN_MS, () => {
      // Where a clock has stepped, it may have been told to come later than it need.
      const hasStepped = Math.max(home.stepAtMs, book.stepAtMs) >= entry.sinceMs;
      const isQuiet = home.faultAtMs < beganMs && !hasStepped;
      if (asked === entry.asked && before === oracle.bookings(tenant) && isQuiet && waitsInVain())
        onViolation(`${call.id} waits, and there is room for it`);
      if (entry.doing.kind === 'asking') this.#watch(home, entry);
    });
  }

  #make(dice: Dice): PermittedCall {
    const { tenants, quotas } = this.#source.scenario;
    const parts = { quotas, tenant: dice.pick(tenants), agent: dice.pick(['ci', 'research', 'a/b']) };
    const [own, other] = [dice.pick(MODELS), dice.pick(MODELS)];
    const id = `call_${(this.#calls += 1)}` as PermittedCall['id'];
    const run = `run_${dice.int(1, 3)}`;
    const call = { ...permitted({ ...parts, run, resource: own }), id };
    if (own === other || dice.chance(0.7)) return call;
    return { ...call, fallbacks: [{ ...permitted({ ...parts, run, resource: other }), id }] };
  }

  #run(home: SimulatedGateway, { entry, reservation, quote }: Running): Promise<void> {
    const { dice, scenario } = this.#source;
    const longMs = dice.chance(0.1) ? 4 * scenario.leaseMs : 3_000;
    return new Promise((resolve) => {
      home.after(dice.int(0, longMs), () => {
        this.#end(entry, reservation, quote);
        resolve();
      });
    });
  }

  /** Often as expected, seldom for more than was reserved, and now and then twice: the first end counts. */
  #end(entry: Entry, reservation: Reservation, quote: Charge): void {
    const { dice } = this.#source;
    const share = dice.chance(0.05) ? 3 * dice.next() : dice.next();
    const charge = { tokens: Math.floor(quote.tokens * share), money: Math.floor(quote.money * share) as MicroUsd };
    const sent = dice.pick([reservation.call, ...reservation.call.fallbacks]);
    const settle = (): void => reservation.settle(charge, sent);
    const release = (): void => reservation.release();
    const [first, then] = dice.chance(0.15) ? [release, settle] : [settle, release];
    this.#source.book.over(entry, first === settle ? { kind: 'settled', charge, sent } : { kind: 'released' });
    first();
    if (dice.chance(0.1)) then();
  }
}

interface Running {
  readonly entry: Entry;
  readonly reservation: Reservation;
  readonly quote: Charge;
}
