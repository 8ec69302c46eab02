// What the audit must say of what the upstream and the clients saw.
import type { AuditLine } from '../audit-tail.ts';
import type { Evidence } from '../evidence.ts';

/** I2, upwards and downwards: no byte without a permit before it, and of every permit one end. */
export function dispatchesAreAudited(evidence: Evidence): readonly string[] {
  return [...arrivalsArePermitted(evidence), ...permitsEnd(evidence), ...answersArePermitted(evidence)];
}

function arrivalsArePermitted({ arrivals, lines, tolerances }: Evidence): readonly string[] {
  const permits = Map.groupBy(of(lines, 'permit'), (line) => line.body?.sha256);
  const found: string[] = [];
  for (const [sha256, seen] of Map.groupBy(arrivals, (arrival) => arrival.sha256)) {
    const number = seen[0]?.number;
    const stand = permits.get(sha256)?.length ?? 0;
    if (stand !== 1) found.push(`call ${number} arrived ${seen.length} times and has ${stand} permits`);
    const early = seen.filter(({ permitsBefore }) => permitsBefore === 0).length;
    if (early > 0) found.push(`call ${number} arrived ${early} times before its permit stood`);
    const triesMax = tolerances.triesMax ?? 1;
    if (seen.length > triesMax) found.push(`call ${number} was sent ${seen.length} times, at most ${triesMax}`);
    // What may have been carried out is never sent again: every try but the last was answered with a refusal.
    const carried = seen.slice(0, -1).filter(({ answered }) => (answered?.status ?? 200) < 400).length;
    if (carried > 0) found.push(`call ${number} was sent again although it may have been carried out`);
  }
  return found;
}

function permitsEnd({ lines, gateways, report, tolerances }: Evidence): readonly string[] {
  const found: string[] = [];
  const ends = Map.groupBy([...of(lines, 'outcome'), ...of(lines, 'refusal')], (line) => line.call);
  const permits = Map.groupBy(of(lines, 'permit'), (line) => line.call);
  const closed = new Set(report.chains.filter((chain) => chain.closed).map(({ chain }) => chain));
  const mayLack = new Set(
    tolerances.auditGap
      ? of(lines, 'gap')
          .filter((gap) => (gap.lost ?? 0) > 0)
          .map(chainOf)
      : [],
  );
  for (const [call, [permit]] of permits) {
    const chain = permit?.chain ?? '';
    const outcomes = ends.get(call)?.length ?? 0;
    if (outcomes > 1) found.push(`call ${call} has ${outcomes} ends`);
    if (outcomes === 0 && closed.has(chain) && !mayLack.has(chain))
      found.push(`call ${call} has no end, although its gateway ended in peace`);
  }
  for (const [call, some] of ends) {
    const outcomes = some.filter(({ kind }) => kind === 'outcome').length;
    if (outcomes > 0 && !permits.has(call)) found.push(`call ${call} has an outcome and no permit`);
    if (some.length > 1) found.push(`call ${call} has ${some.length} ends`);
  }
  const open = report.chains.filter((chain) => !chain.closed).length;
  const killed = gateways.filter((gateway) => gateway.killed).length;
  if (open > killed) found.push(`${open} chains are unclosed, but ${killed} gateways were killed`);
  return found;
}

/** Whoever got an answer had a permit, and the upstream was asked. */
function answersArePermitted({ calls, arrivals, lines }: Evidence): readonly string[] {
  const permitted = new Set(of(lines, 'permit').map((line) => line.body?.sha256));
  const arrived = new Set(arrivals.map(({ sha256 }) => sha256));
  return calls
    .filter(({ status }) => status === 200)
    .filter(({ sha256, unwitnessed }) => !permitted.has(sha256) || !(unwitnessed || arrived.has(sha256)))
    .map(({ number }) => `call ${number} was answered without a permit or without its upstream`);
}

/** I7: the policies did not change, so all decisions of all gateways name the same revision. */
export function oneRevision({ lines }: Evidence): readonly string[] {
  const decided = lines.filter(({ decision }) => decision !== undefined);
  const revisions = new Set(decided.map(({ decision }) => decision?.revision));
  if (decided.length === 0 || (revisions.size === 1 && !revisions.has(''))) return [];
  return [`decisions name ${revisions.size} revisions: ${[...revisions].join(', ')}`];
}

/** I7: of what was refused nothing went up. */
export function refusalsAreSilent({ lines, arrivals }: Evidence): readonly string[] {
  const arrived = new Map(arrivals.map((arrival) => [arrival.sha256, arrival.number]));
  return of(lines, 'refusal')
    .filter(({ body }) => body !== undefined && arrived.has(body.sha256))
    .map(
      ({ body, error }) => `call ${arrived.get(body?.sha256 ?? '')} was refused (${error?.code}) and sent all the same`,
    );
}

/** I11: the chains hold; with a gap only where the scenario made one. */
export function auditIsWhole({ report, tolerances, lines }: Evidence): readonly string[] {
  const found = report.findings.map(({ kind, chain, detail }) => `${kind} in ${chain}: ${detail}`);
  const gaps = of(lines, 'gap').length;
  if (gaps > 0 && !tolerances.auditGap) found.push(`${gaps} gaps, and nothing kept the audit from being written`);
  if (report.chains.length === 0) found.push('there is no audit at all');
  return found;
}

function of(lines: readonly AuditLine[], kind: string): readonly AuditLine[] {
  return lines.filter((line) => line.kind === kind);
}

function chainOf({ chain }: AuditLine): string {
  return chain;
}
