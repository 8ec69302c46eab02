// INVARIANT: money is an integer number of micro-USD, within Number.MAX_SAFE_INTEGER (about 9 billion USD).
declare const brand: unique symbol;

/** An amount of money in millionths of a US dollar: a safe integer, never a fraction. */
export type MicroUsd = number & { readonly [brand]: 'MicroUsd' };

export const NO_MONEY = 0 as MicroUsd;

/** Rounds up: what a call may cost is never understated. Throws a `RangeError` where an integer cannot hold it. */
export function microUsd(amount: number): MicroUsd {
  const rounded = Math.ceil(amount);
  if (!Number.isSafeInteger(rounded) || amount < 0) {
    throw new RangeError(`not an amount of money: ${amount} micro-USD`);
  }
  return rounded as MicroUsd;
}

const AMOUNT = /^(\d{1,9})(?:\.(\d{1,6}))? USD$/;

/** Reads `25 USD` or `0.10 USD`; anything else is undefined. */
export function parseMoney(text: string): MicroUsd | undefined {
  const match = AMOUNT.exec(text);
  if (!match) return undefined;
  return (Number(match[1]) * 1_000_000 + Number((match[2] ?? '').padEnd(6, '0'))) as MicroUsd;
}

/** `12.50 USD`: at least two decimals, no more than are needed. */
export function formatMoney(amount: MicroUsd): string {
  const whole = Math.floor(amount / 1_000_000);
  const fraction = String(amount % 1_000_000).padStart(6, '0');
  return `${whole}.${fraction.replace(/0{1,4}$/, '')} USD`;
}
