// The counters in Redis against what the audit says was spent.
import type { AuditLine } from '../audit-tail.ts';
import type { Evidence, Unit } from '../evidence.ts';

/** I1, at every look and at the end. */
export function neverOverLimit({ ledger, limits }: Evidence): readonly string[] {
  if (!ledger) return [];
  const found: string[] = [];
  if (ledger.looks === 0) found.push('nobody looked at the counters');
  const ends = ledger.final.map(({ key, settled, held }) => [key, settled + held] as const);
  for (const [key, most] of [...Object.entries(ledger.worst), ...ends]) {
    const limit = limits[quotaOf(key)]?.limit ?? 0;
    if (most > limit) found.push(`${key} stood at ${most} of ${limit}`);
  }
  return found;
}

/**
 * I3: what is settled is what the audit says, call by call: the cost of those that ended, the reservation of those whose
 * gateway was killed, and nothing twice. Calls that were killed between reservation and permit stand in no audit; they
 * may have been charged in full, and there are no more of them than clients that were told nothing.
 */
export function settledOnce(evidence: Evidence): readonly string[] {
  const { ledger, tolerances, limits } = evidence;
  if (!ledger || tolerances.ledgerLost) return [];
  const found: string[] = [];
  for (const [quota, { unit, times = 1 }] of Object.entries(limits)) {
    const settled = ledger.final
      .filter((counter) => counter.quota === quota)
      .reduce((sum, counter) => sum + counter.settled, 0);
    const once = expected(evidence, quota, unit);
    const [least, most] = [once.least * times, once.most * times];
    if ((settled < least && !tolerances.replicaLags) || settled > most)
      found.push(`${quota} has ${settled} settled; the audit says ${least}${most > least ? ` to ${most}` : ''}`);
  }
  return found;
}

/** I4: once leases have ended, nothing is held. */
export function heldIsFreed({ ledger, tolerances, lines }: Evidence): readonly string[] {
  if (!ledger || tolerances.ledgerLost || tolerances.replicaLags) return [];
  const held = ledger.final.filter((counter) => counter.held !== 0);
  return [
    ...held.map(({ key, held: amount }) => `${key} still holds ${amount}`),
    ...ledger.leases.map((call) => `the reservation of ${call} has not ended; its audit: ${toldOf(call, lines)}`),
  ];
}

function toldOf(call: string, lines: readonly AuditLine[]): string {
  const told = lines.filter((line) => line.call === call);
  return told.map(({ kind, at, error }) => `${kind} ${error?.code ?? ''} at ${at}`).join(', ') || 'nothing';
}

interface Bounds {
  readonly least: number;
  readonly most: number;
}

const NOTHING: Bounds = { least: 0, most: 0 };
/** Of a gateway that was killed: what it wrote down so shortly before may not have reached the ledger. */
const LAST_MS = 1_000;

function expected(evidence: Evidence, quota: string, unit: Unit): Bounds {
  const { lines, calls, gateways, report } = evidence;
  const outcomes = new Map(lines.filter(({ kind }) => kind === 'outcome').map((line) => [line.call, line]));
  const permits = lines.filter(
    ({ kind, standings }) => kind === 'permit' && standings?.some((standing) => standing.quota === quota),
  );
  const permitted = new Set(permits.map(({ body }) => body?.sha256));
  const untold = calls.filter(({ status, sha256 }) => (status ?? 503) === 503 && !permitted.has(sha256)).length;
  // A request is spent by its admission and for good, even where nobody learned that it was admitted.
  if (unit === 'requests') return { least: permits.length, most: permits.length + untold };
  const amount = (charge: AuditLine['cost']): number => charge?.[unit] ?? 0;
  const cutAtMs = endsOfKilled(lines, new Set(report.chains.filter(({ closed }) => !closed).map(({ chain }) => chain)));
  const bounds = permits.map(({ call, quote, chain }): Bounds => {
    const outcome = outcomes.get(call);
    const whole = amount(quote);
    // Charged in full by its lease, or booked in the moment before the kill, or given back where it never went up.
    if (!outcome) return { least: 0, most: whole };
    const cost = amount(outcome.cost);
    return { least: cost, most: outcome.at >= (cutAtMs.get(chain) ?? Infinity) ? Math.max(cost, whole) : cost };
  });
  // Killed between the reservation and the permit: held until the lease ended, and then charged in full.
  const isKilled = gateways.some(({ killed }) => killed);
  const unseen = isKilled ? untold * Math.max(0, ...permits.map(({ quote }) => amount(quote))) : 0;
  const sum = bounds.reduce((all, one) => ({ least: all.least + one.least, most: all.most + one.most }), NOTHING);
  return { least: sum.least, most: sum.most + unseen };
}

/** From when on the last entries of chains that were never closed are. */
function endsOfKilled(lines: readonly AuditLine[], unclosed: ReadonlySet<string>): ReadonlyMap<string, number> {
  const ends = new Map<string, number>();
  for (const { chain, at } of lines)
    if (unclosed.has(chain)) ends.set(chain, Math.max(ends.get(chain) ?? 0, at - LAST_MS));
  return ends;
}

function quotaOf(key: string): string {
  return /:counter:([^:]+):/.exec(key)?.[1] ?? key;
}
