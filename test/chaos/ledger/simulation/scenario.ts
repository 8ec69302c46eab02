// One world, as its seed has it: its limits, its callers, its weather and its misfortunes.
import type { Quota, Scope } from '../../../../src/core/quota.ts';
import { HOUR, MINUTE } from '../../../limits/ledger.ts';
import { quota } from '../../../limits/calls.ts';
import type { Dice } from '../dice.ts';
import { CALM, type Weather } from './network.ts';

export interface Scenario {
  readonly startMs: number;
  readonly tenants: readonly string[];
  readonly quotas: readonly Quota[];
  readonly gateways: number;
  /** Per gateway. */
  readonly callers: number;
  readonly thinkMaxMs: number;
  readonly leaseMs: number;
  readonly weather: Weather;
  /** Whether gateways crash, links break and clocks step. */
  readonly isRough: boolean;
}

const SECOND = 1_000;

export function scenarioOf(dice: Dice): Scenario {
  const weather = dice.pick<(dice: Dice) => Weather>([() => CALM, () => CALM, drizzle, drizzle, storm])(dice);
  return {
    startMs: startMs(dice),
    tenants: dice.chance(0.7) ? ['acme'] : ['acme', 'acme:2'],
    quotas: quotasOf(dice),
    gateways: dice.int(1, 3),
    callers: dice.int(2, 12),
    thinkMaxMs: dice.pick([50, 500, 5_000]),
    leaseMs: dice.pick([6_000, 15_000, 60_000]),
    weather,
    isRough: weather !== CALM || dice.chance(0.3),
  };
}

/** Shortly before the end of an hour, and often of a day in Berlin. */
function startMs(dice: Dice): number {
  return Date.UTC(2026, 10, 23, dice.pick([13, 23])) - dice.int(0, 3 * MINUTE);
}

function drizzle(dice: Dice): Weather {
  const some = (): number => dice.pick([0, 0.01, 0.05]);
  return { dropsRequest: some(), dropsReply: some(), duplicates: some(), stuck: some(), delayMaxMs: dice.int(1, 60) };
}

function storm(dice: Dice): Weather {
  const much = (): number => dice.pick([0.05, 0.2, 0.4]);
  return { dropsRequest: much(), dropsReply: much(), duplicates: much(), stuck: much(), delayMaxMs: dice.int(1, 200) };
}

const RATE = (dice: Dice): Partial<Quota> => ({
  kind: 'rate',
  unit: dice.pick(['requests', 'requests', 'tokens']),
  window: { kind: 'rolling', ms: dice.pick([SECOND, 7 * SECOND, MINUTE]) },
});

const BUDGET = (dice: Dice): Partial<Quota> => ({
  kind: 'budget',
  unit: dice.pick(['tokens', 'money', 'requests']),
  window: dice.pick<Quota['window']>([
    { kind: 'calendar', every: 'hour', timezone: 'UTC' },
    { kind: 'calendar', every: 'day', timezone: 'Europe/Berlin' },
    { kind: 'rolling', ms: HOUR },
    { kind: 'rolling', ms: 2 * MINUTE },
  ]),
});

const AT_ONCE = (): Partial<Quota> => ({ kind: 'concurrency', unit: 'concurrency', window: { kind: 'none' } });

/** What a limit lets through of the calls that callers.ts makes: mostly so little that it is met. */
const CALLS = { rate: [3, 20], budget: [10, 300], concurrency: [1, 8], steps: [3, 20], children: [1, 8] } as const;
const PER_CALL = { requests: 1, concurrency: 1, runs: 1, tokens: 50, money: 500 } as const;

function quotasOf(dice: Dice): readonly Quota[] {
  const scopes: readonly (readonly Scope[])[] = [[], ['agent'], ['agent'], ['model'], ['agent', 'model']];
  return Array.from({ length: dice.int(1, 5) }, (_, index) => {
    const parts = dice.pick([RATE, BUDGET, BUDGET, AT_ONCE])(dice);
    const { kind, unit } = { kind: 'rate', unit: 'requests', ...parts } as const;
    const [least, most] = CALLS[kind];
    return quota({
      ...parts,
      id: `policy/limit-${index}`,
      amount: dice.int(least, most) * PER_CALL[unit],
      per: dice.pick(scopes),
      enforced: dice.chance(0.9),
      ...(dice.chance(0.2) && { waitMs: dice.pick([0, SECOND, 40 * SECOND]) }),
    });
  });
}
