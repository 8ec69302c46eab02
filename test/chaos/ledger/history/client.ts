// A process of its own that makes calls until it is told to stop, or killed. Everything that it asks of the ledger is in its log.
import type { MicroUsd } from '../../../../src/core/money.ts';
import type { PermittedCall } from '../../../../src/core/call.ts';
import { systemClock } from '../../../../src/core/clock.ts';
import type { Quota } from '../../../../src/core/quota.ts';
import { connectRedis } from '../../../../src/limits/redis.ts';
import { redisStore } from '../../../../src/limits/redis-store.ts';
import { type Reserver, reserver } from '../../../../src/limits/reserve.ts';
import type { Reservation } from '../../../../src/limits/reservation.ts';
import { admission, AT_ONCE, BUDGET, permitted, quota } from '../../../limits/calls.ts';
import { Dice } from '../dice.ts';
import { OperationLog } from './operation.ts';
import { recordedStore } from './recorded-store.ts';

export interface ClientOptions {
  readonly url: string;
  readonly name: string;
  readonly tenant: string;
  readonly seed: number;
  readonly log: string;
}

/** Short, so that a history has many that lapse. */
export const LEASE_MS = 2_000;
const CALLERS = 10;
const AGENTS = 12;
const YEAR = { kind: 'calendar', every: 'year', timezone: 'UTC' } as const;

const QUOTAS: readonly Quota[] = [
  quota({ id: 'history/pace', amount: 30, window: { kind: 'rolling', ms: 1_000 }, per: ['agent'], waitMs: 200 }),
  { ...AT_ONCE, id: 'history/at-once', amount: 16, waitMs: 300 },
  { ...BUDGET, id: 'history/tokens', unit: 'tokens', amount: 2_500, window: YEAR, per: ['agent'] },
  { ...BUDGET, id: 'history/money', amount: 1_000_000_000, window: YEAR },
];

class Client {
  readonly #options: ClientOptions;
  readonly #dice: Dice;
  readonly #limits: Reserver;
  #calls = 0;
  #isOver = false;

  constructor(options: ClientOptions, limits: Reserver, dice: Dice) {
    this.#options = options;
    this.#limits = limits;
    this.#dice = dice;
  }

  stop(): void {
    this.#isOver = true;
  }

  async run(): Promise<void> {
    await Promise.all(Array.from({ length: CALLERS }, () => this.#caller()));
    await this.#limits.close();
  }

  async #caller(): Promise<void> {
    while (!this.#isOver) {
      const quote = { tokens: this.#dice.int(1, 50), money: this.#dice.int(1, 1_000) as MicroUsd };
      const waiting = { waitMs: 0, waitingMax: 100, waitingPerTenantMax: 100 };
      try {
        const reservation = await this.#limits.admit(this.#make(), admission(quote, { waiting }));
        await passing(this.#dice.chance(0.01) ? 2 * LEASE_MS : this.#dice.int(0, 30));
        this.#end(reservation, quote);
      } catch {
        // Refused, and written down by the log.
        await passing(this.#dice.int(0, 20));
      }
    }
  }

  #make(): PermittedCall {
    const { tenant, name } = this.#options;
    const call = permitted({ quotas: QUOTAS, tenant, agent: `agent-${this.#dice.int(1, AGENTS)}` });
    return { ...call, id: `${name}-${(this.#calls += 1)}` as PermittedCall['id'] };
  }

  /** Mostly for less than was reserved; now and then for more, or never, as where an answer never ends. */
  #end(reservation: Reservation, quote: { readonly tokens: number; readonly money: number }): void {
    const share = this.#dice.chance(0.05) ? 2 * this.#dice.next() : this.#dice.next();
    if (this.#dice.chance(0.1)) return reservation.release();
    const money = Math.floor(quote.money * share) as MicroUsd;
    reservation.settle({ tokens: Math.floor(quote.tokens * share), money });
  }
}

function passing(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function main(options: ClientOptions): Promise<void> {
  const dice = new Dice(options.seed);
  const log = new OperationLog(options.log);
  const redis = connectRedis({ url: options.url });
  const store = recordedStore(redisStore({ client: redis }), { log, dice });
  const limits = reserver({ store, clock: systemClock, leaseMs: LEASE_MS, random: () => dice.next() });
  const client = new Client(options, limits, dice);
  process.on('message', () => client.stop());
  process.on('disconnect', () => process.exit(1));
  const telling = setInterval(() => process.send?.(log.operations), 100);
  await client.run();
  clearInterval(telling);
  process.send?.(log.operations);
  process.exit(0);
}

const [, , options] = process.argv;
if (import.meta.main && options) await main(JSON.parse(options) as ClientOptions);
