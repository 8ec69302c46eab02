import { hash } from 'node:crypto';

/** A fact longer than this stands as its digest: a replay can still tell whether it has the same one. */
const FACT_CHARACTERS = 1_024;

/** The arguments that conditions read, as JSON: path → value, or `{ sha256, bytes }` of a long value's JSON. */
export function factsJson(facts: Readonly<Record<string, unknown>>): string {
  let members = '';
  for (const path in facts) {
    members += `${members === '' ? '' : ','}${JSON.stringify(path)}:${factJson(facts[path])}`;
  }
  return `{${members}}`;
}

function factJson(value: unknown): string {
  const json = JSON.stringify(value, plain) ?? 'null';
  if (json.length <= FACT_CHARACTERS) return json;
  return `{"sha256":"${hash('sha256', json)}","bytes":${Buffer.byteLength(json)}}`;
}

// CEL counts in 64-bit integers, which JSON has no other form for.
function plain(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
