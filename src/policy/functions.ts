import { type Environment, EvaluationError } from '@marcbachmann/cel-js';
import { RE2JS } from 're2js';
import { nodesOf, type Node } from './syntax.ts';
import { TIME_METHODS } from './vocabulary.ts';

/** Characters that `matches` reads in one evaluation: tens of milliseconds at worst, whatever the pattern. */
const MATCHED_MAX = 65_536;
/** Size up to which a pattern takes the same time for a character; beyond, its characters count for more. */
const PATTERN_SIZE = 256;
const SPLIT_MAX = 256;

type Reckon = (left: number | bigint, right: number | bigint) => number;

/** A number that JSON wrote whole is an int here, so that `args.price * 1.2` must work for 5 as it does for 5.5. */
const MIXED: Readonly<Record<string, Reckon>> = {
  '+': (left, right) => Number(left) + Number(right),
  '-': (left, right) => Number(left) - Number(right),
  '*': (left, right) => Number(left) * Number(right),
  '/': (left, right) => Number(left) / Number(right),
};

const READ_TIME: Readonly<Record<(typeof TIME_METHODS)[number], (local: Date) => number>> = {
  getFullYear: (local) => local.getUTCFullYear(),
  getMonth: (local) => local.getUTCMonth(),
  getDate: (local) => local.getUTCDate(),
  getDayOfMonth: (local) => local.getUTCDate() - 1,
  getDayOfWeek: (local) => local.getUTCDay(),
  getHours: (local) => local.getUTCHours(),
  getMinutes: (local) => local.getUTCMinutes(),
  getSeconds: (local) => local.getUTCSeconds(),
};

/**
 * What the engine has too, but not as we need it: its `matches` runs backtracking expressions, its `split` has no bound,
 * its time zones cost 200 µs and depend on the process's own. It lets nothing be replaced, so conditions are rewritten.
 */
const OWN_NAMES: ReadonlyMap<string, string> = new Map([
  ['matches', 'matchesLinear'],
  ['split', 'splitBounded'],
  ...TIME_METHODS.map((name) => [name, `${name}In`] as const),
]);

/** Points the calls of a condition that has been checked at our own functions. */
export function useOwnFunctions(root: Node): void {
  for (const node of nodesOf(root)) {
    if (node.op !== 'rcall' || node.args[2].length !== 1) continue;
    node.args[0] = OWN_NAMES.get(node.args[0]) ?? node.args[0];
  }
}

/** Names as their author wrote them, in a message of the engine. */
export function restoreNames(message: string): string {
  let restored = message;
  for (const [name, own] of OWN_NAMES) restored = restored.replaceAll(own, name);
  return restored;
}

interface Matcher {
  readonly regex: RE2JS;
  /** What each character counts for. */
  readonly weight: number;
}

/** Our functions within one set of policies, with what their literal arguments were compiled to. */
export class OwnFunctions {
  readonly #patterns = new Map<string, Matcher>();
  readonly #zones = new Map<string, Intl.DateTimeFormat>();
  #unread = MATCHED_MAX;

  /** Compiles a regular expression (RE2 syntax); says what is wrong with it, if anything. */
  addPattern(pattern: string): string | undefined {
    try {
      const regex = RE2JS.compile(pattern);
      this.#patterns.set(pattern, { regex, weight: Math.max(1, regex.programSize() / PATTERN_SIZE) });
      return undefined;
    } catch (thrown) {
      return (thrown as Error).message;
    }
  }

  /** Makes a time zone known; false where there is none of that name. */
  addZone(timeZone: string): boolean {
    const format = zoneFormat(timeZone);
    if (format) this.#zones.set(timeZone, format);
    return format !== undefined;
  }

  /** To be called before every evaluation. */
  reset(): void {
    this.#unread = MATCHED_MAX;
  }

  register(environment: Environment): Environment {
    const sync = { async: false };
    const matches = (text: string, pattern: string): boolean => this.#matches(text, pattern);
    environment.registerFunction('string.matchesLinear(string): bool', matches, sync);
    environment.registerFunction('string.splitBounded(string): list<string>', splitBounded, sync);
    for (const name of TIME_METHODS) {
      const read = (time: Date, zone: string): bigint => BigInt(READ_TIME[name](this.#local(time, zone)));
      environment.registerFunction(`google.protobuf.Timestamp.${name}In(string): int`, read, sync);
    }
    for (const [op, reckon] of Object.entries(MIXED)) {
      environment.registerOperator(`int ${op} double: double`, reckon);
      environment.registerOperator(`double ${op} int: double`, reckon);
    }
    return environment;
  }

  #matches(text: string, pattern: string): boolean {
    const { regex, weight } = this.#patterns.get(pattern) as Matcher;
    this.#unread -= text.length * weight;
    if (this.#unread < 0)
      throw new EvaluationError(`\`matches\` reads at most ${Math.floor(MATCHED_MAX / weight)} characters`);
    return regex.test(text);
  }

  /** A date whose UTC fields are those that clocks in the zone show. */
  #local(time: Date, zone: string): Date {
    const shown = (this.#zones.get(zone) as Intl.DateTimeFormat).formatToParts(time);
    const part = (type: Intl.DateTimeFormatPartTypes): number =>
      Number(shown.find((each) => each.type === type)?.value);
    return new Date(
      Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second')),
    );
  }
}

/** What shows the clocks of an IANA time zone, or undefined where there is none of that name. */
export function zoneFormat(timeZone: string): Intl.DateTimeFormat | undefined {
  const numeric = 'numeric';
  const date = { year: numeric, month: numeric, day: numeric } as const;
  const time = { hour: numeric, minute: numeric, second: numeric, hourCycle: 'h23' } as const;
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone, ...date, ...time });
  } catch {
    return undefined;
  }
}

export function unknownZone(timeZone: string): string {
  return `unknown time zone \`${timeZone}\`, expected an IANA name like \`Europe/Berlin\``;
}

function splitBounded(text: string, separator: string): string[] {
  const parts = text.split(separator, SPLIT_MAX + 1);
  if (parts.length > SPLIT_MAX) throw new EvaluationError(`\`split\` gives at most ${SPLIT_MAX} parts`);
  return parts;
}
