// JSON written by hand where it is written for every call: quoting is most of what `JSON.stringify` would cost.

const PLAIN = /^[\w .:/@+-]*$/;

/** A JSON string. */
export function text(value: string): string {
  return PLAIN.test(value) ? `"${value}"` : JSON.stringify(value);
}

/** A JSON array of strings. */
export function texts(values: readonly string[]): string {
  let items = '';
  for (const value of values) items += items === '' ? text(value) : `,${text(value)}`;
  return `[${items}]`;
}

/** A member with its comma, or nothing where there is no value. */
export function member(name: string, value: string | undefined): string {
  return value === undefined ? '' : `,"${name}":${text(value)}`;
}
