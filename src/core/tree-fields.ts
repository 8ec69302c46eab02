// What a store keeps of a tree, as fields and values: the ledger and the stage of runs both read it.
import type { RunId } from './ids.ts';
import type { Stop, TreeFacts } from './run.ts';
import { escapedName, escapedPath, unescaped } from './store-keys.ts';

/** The field of a tree's counter. */
export function counterField(name: string): string {
  return name.startsWith('calls:') ? `c:${escapedName(name.slice(6))}` : escapedPath(name);
}

/** Facts from the fields and values of a tree and of its tenant's stops. */
export function factsOf(tree: readonly string[], tenant: readonly string[]): TreeFacts {
  const labels = new Set<string>();
  const stops = new Map<RunId, Stop>();
  const counts = new Map<string, number>();
  const plain = new Map<string, string>();
  for (const [field, value] of pairs(tree)) {
    if (field.startsWith('l:')) labels.add(decodeURI(field.slice(2)));
    else if (field.startsWith('s:')) stops.set(field.slice(2) as RunId, stopOf(value));
    else if (field.startsWith('c:')) counts.set(`calls:${unescaped(field.slice(2))}`, Number(value));
    else plain.set(field, value);
  }
  for (const name of plain.keys())
    if (name !== 'rev' && name !== 'b' && name !== 'l') counts.set(decodeURI(name), Number(plain.get(name)));
  const tenantStops = new Map<string, Stop>();
  let tenantRevision = 0;
  for (const [field, value] of pairs(tenant)) {
    if (field === 'rev') tenantRevision = Number(value);
    else tenantStops.set(unescaped(field), stopOf(value));
  }
  const born = plain.get('b');
  return {
    revision: Number(plain.get('rev') ?? 0),
    tenantRevision,
    bornMs: born === undefined ? undefined : Number(born),
    labels,
    stops,
    tenantStops,
    counts,
  };
}

function* pairs(words: readonly string[]): Iterable<readonly [string, string]> {
  for (let i = 0; i + 1 < words.length; i += 2) yield [words[i] as string, words[i + 1] as string];
}

/** A stop as it is stored: JSON, escaped into one word. */
export function stopWord(stop: Stop): string {
  return encodeURIComponent(JSON.stringify(stop));
}

function stopOf(word: string): Stop {
  return JSON.parse(decodeURIComponent(word)) as Stop;
}
