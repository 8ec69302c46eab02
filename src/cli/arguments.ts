import { InvalidArgumentError } from 'commander';

const DURATION = /^(\d{1,9})(s|m|h|d)$/;
const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds of `90s`, `30m`, `12h` or `5d`. */
export function readDuration(text: string): number {
  const match = DURATION.exec(text);
  const ms = Number(match?.[1]) * UNIT_MS[match?.[2] as keyof typeof UNIT_MS];
  if (ms > 0) return ms;
  throw new InvalidArgumentError('expected a duration like `90s`, `30m`, `12h` or `5d`');
}

/** How long an old secret still works: a duration, or `0` for not at all. */
export function readOverlap(text: string): number {
  return text === '0' ? 0 : readDuration(text);
}

/** A name of a subject, tenant or agent, as identity takes them. */
export function readName(text: string): string {
  if (text !== '' && text.length <= 256 && text.isWellFormed() && !/\p{Cc}/u.test(text)) return text;
  throw new InvalidArgumentError('expected 1 to 256 characters, none of them a control character');
}

/** For options that may be given several times. */
export function readNames(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, readName(text)];
}

/** A port that has another one behind it. */
export function readPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port < 65_535) return port;
  throw new InvalidArgumentError('expected a number from 1 to 65534');
}

/** `5 USD` of `5USD`, `5 USD` or `0.50USD`. */
export function readBudget(text: string): string {
  const amount = /^(\d{1,9}(?:\.\d{1,6})?) ?USD$/.exec(text)?.[1];
  if (amount !== undefined && Number(amount) > 0) return `${amount} USD`;
  throw new InvalidArgumentError('expected an amount like `5USD` or `0.50USD`');
}

/** A whole number, not negative. */
export function readCount(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('expected a number like `20`');
}

/** An address of a gateway, without a slash at its end. */
export function readUrl(text: string): string {
  const url = URL.parse(text);
  const isPlain = url && /^https?:$/.test(url.protocol) && !/[?#@]/.test(text);
  if (isPlain) return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
  throw new InvalidArgumentError(
    'expected an address like `https://gateway.example.com`, without user, query or fragment',
  );
}

/** A name as the configuration has it. */
export function readConfigName(text: string): string {
  if (/^[a-z0-9][a-z0-9-]{0,62}$/.test(text)) return text;
  throw new InvalidArgumentError('expected a name of lower-case letters, digits and `-`');
}

/** A name of an environment variable. */
export function readVariable(text: string): string {
  if (/^[A-Za-z_]\w{0,127}$/.test(text)) return text;
  throw new InvalidArgumentError('expected the name of a variable like `WAYGATE_TOKEN`, not a token');
}

/** A name of a model. */
export function readModel(text: string): string {
  if (/^[\w./:@+[\]-]{1,256}$/.test(text)) return text;
  throw new InvalidArgumentError('expected the name of a model: letters, digits and `. / : @ + - _ [ ]`');
}

/** Where `waygate run` shows spending. */
export const LIVES = ['title', 'lines', 'off'] as const;
export type Live = (typeof LIVES)[number];
