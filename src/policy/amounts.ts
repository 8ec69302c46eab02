// Amounts, rates and windows as a policy file writes them. Each reader gives the value or says what is wrong.
import { parseMoney } from '../core/money.ts';
import type { CalendarUnit, Unit, Window } from '../core/quota.ts';

interface Wrong {
  readonly fault: string;
}

export interface Amount {
  readonly unit: Unit;
  /** In the unit; a safe integer above 0. */
  readonly amount: number;
}

export interface Rate extends Amount {
  readonly window: Window;
}

const COUNTED = /^([\d_]+)(?: (tokens|requests|calls))?$/;
const ROLLING = /^(\d+)(s|min|h|d)$/;
const RATE_MS: ReadonlyMap<string, number> = new Map([
  ['s', 1_000],
  ['min', 60_000],
  ['h', 3_600_000],
]);
const WINDOW_MS: ReadonlyMap<string, number> = new Map([...RATE_MS, ['d', 86_400_000]]);
const ROLLING_MAX_MS = 366 * 86_400_000;

const CALENDAR_UNITS: readonly CalendarUnit[] = ['hour', 'day', 'week', 'month', 'year'];

/** `25 USD`, `1_000_000 tokens`, `500 requests`. */
export function readBudget(text: string): Amount | Wrong {
  const money = parseMoney(text);
  if (money !== undefined) return positive({ unit: 'money', amount: money });
  const [, digits, noun] = COUNTED.exec(text) ?? [];
  if (!digits || !noun) return { fault: `expected an amount like \`25 USD\`, \`1000000 tokens\` or \`500 requests\`` };
  return positive({ unit: unitOf(noun), amount: wholeNumber(digits) });
}

/** `60/min`, `10/s`, `1000/h`, `100000 tokens/min`: rolling, so that no two windows can be used up side by side. */
export function readRate(text: string): Rate | Wrong {
  const [amountText = '', unitText = '', ...rest] = text.split('/');
  const [, digits, noun] = COUNTED.exec(amountText) ?? [];
  const ms = RATE_MS.get(unitText);
  if (!digits || ms === undefined || rest.length > 0)
    return { fault: `expected a rate like \`60/min\`, \`10/s\`, \`1000/h\` or \`100000 tokens/min\`` };
  const amount = positive({ unit: unitOf(noun), amount: wholeNumber(digits) });
  return 'fault' in amount ? amount : { ...amount, window: { kind: 'rolling', ms } };
}

/** `hour` to `year` by the calendar of the time zone, or `90s`, `15min`, `1h`, `5d` back from now. */
export function readWindow(every: string, timezone: string): Window | Wrong {
  const unit = CALENDAR_UNITS.find((known) => known === every);
  if (unit) return { kind: 'calendar', every: unit, timezone };
  const ms = rollingMs(every);
  if (ms === undefined)
    return { fault: 'expected `hour`, `day`, `week`, `month`, `year`, or a window like `90s`, `15min`, `1h`, `5d`' };
  if (ms < 1 || ms > ROLLING_MAX_MS) return { fault: 'expected a window of 1 s to 366 days' };
  return { kind: 'rolling', ms };
}

/** `90s`, `15min`, `24h`, `5d`, from 1 s to 366 days. In milliseconds. */
export function readSpan(text: string): number | Wrong {
  const ms = rollingMs(text) ?? 0;
  if (ms >= 1 && ms <= ROLLING_MAX_MS) return ms;
  return { fault: 'expected a time like `90s`, `15min`, `24h` or `5d`, from 1 s to 366 days' };
}

/** As `readSpan` reads it: `90s`, `24h`. */
export function formatSpan(ms: number): string {
  const [noun = 's', unitMs = 1_000] = [...WINDOW_MS].findLast(([, each]) => ms >= each && ms % each === 0) ?? [];
  return `${ms / unitMs}${noun}`;
}

/** `0.10 USD for final`: what of a budget is kept for the last report of a run. */
export function readReserve(text: string): Amount | Wrong {
  const [amount = '', purpose, ...rest] = text.split(' for ');
  const read = readBudget(amount);
  if (purpose === 'final' && rest.length === 0 && !('fault' in read)) return read;
  return { fault: 'expected a part of the budget like `0.10 USD for final`' };
}

function rollingMs(text: string): number | undefined {
  const [, digits, noun = ''] = ROLLING.exec(text) ?? [];
  const unitMs = WINDOW_MS.get(noun);
  return unitMs === undefined ? undefined : Number(digits) * unitMs;
}

const WAIT_MAX_MS = 300_000;

/** `20s`, `2min`; `0s` for none. In milliseconds. */
export function readWait(text: string): number | Wrong {
  const [, digits, noun = ''] = ROLLING.exec(text) ?? [];
  const ms = Number(digits) * (RATE_MS.get(noun) ?? NaN);
  return ms <= WAIT_MAX_MS ? ms : { fault: 'expected a wait like `20s` or `2min`, from `0s` to `5min`' };
}

function unitOf(noun: string | undefined): Unit {
  return noun === 'tokens' ? 'tokens' : 'requests';
}

function wholeNumber(digits: string): number {
  return Number(digits.replaceAll('_', ''));
}

function positive(amount: Amount): Amount | Wrong {
  if (amount.amount === 0)
    return { fault: 'expected more than nothing; what must not happen at all is a rule with `deny`' };
  return Number.isSafeInteger(amount.amount) ? amount : { fault: 'the amount is too large to count exactly' };
}
