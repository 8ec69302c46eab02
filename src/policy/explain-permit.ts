// What lets a call pass, and on what its permit stands, in lines for people.
import type { ApprovalTerms } from '../core/approval.ts';
import type { Decision, Obligation, Permit, TreeBound } from '../core/decision.ts';
import type { CountRange } from '../core/run.ts';
import { formatSpan } from './amounts.ts';

/** Nothing for a denial; for a hold what it asks for, and what its permit would stand on. */
export function permitLines(decision: Decision): string[] {
  if (decision.effect === 'permit') return linesOf(decision);
  const { held } = decision;
  return held ? [`asks for ${formatTerms(held.terms)}`, ...linesOf(held.permit)] : [];
}

/** The labels that obligations set: `label@node` for one that only the run and those below it carry. */
export function labelsIn(obligations: readonly Obligation[]): string[] {
  const set = obligations.flatMap((obligation) => {
    if (obligation.kind !== 'label') return [];
    return obligation.labels.map((label) => (obligation.scope === 'node' ? `${label}@node` : label));
  });
  return [...new Set(set)];
}

/** `depth at most 3, duration at most 5d` */
export function formatBound({ depth, durationMs, idleMs, repeats }: TreeBound): string {
  const parts = [
    ['depth', depth],
    ['duration', durationMs === undefined ? undefined : formatSpan(durationMs)],
    ['idle', idleMs === undefined ? undefined : formatSpan(idleMs)],
    ['repeats', repeats],
  ] as const;
  return parts.flatMap(([name, most]) => (most === undefined ? [] : [`${name} at most ${most}`])).join(', ');
}

function linesOf({ obligations, counts, counted }: Permit): string[] {
  const lines: string[] = [];
  const labels = labelsIn(obligations);
  if (labels.length > 0) lines.push(`labels the run ${codes(labels)}`);
  for (const obligation of obligations) {
    if (obligation.kind === 'alert') lines.push(`people are told of it, by ${obligation.rule}`);
    if (obligation.kind !== 'journal') continue;
    const { undo } = obligation;
    lines.push(`journaled by ${obligation.rule}${undo ? `, taken back by \`${undo.tool}\`` : ''}`);
  }
  if (counts.length > 0) lines.push(`stands while ${counts.map(formatRange).join(', ')}`);
  if (counted.length > 0) lines.push(`is one more of ${codes(counted)}`);
  return lines;
}

function formatRange({ name, atLeast, below }: CountRange): string {
  return below === Number.MAX_SAFE_INTEGER ? `${name} >= ${atLeast}` : `${atLeast} <= ${name} < ${below}`;
}

function formatTerms({ roles, approvers, expiresMs, uses, grantMs, waitMs, redact }: ApprovalTerms): string {
  const people = `${approvers === 1 ? 'one person' : `${approvers} people`} with ${codes(roles, ' or ')}`;
  const grant = `for ${uses === 1 ? 'one call' : `${uses} calls`} in ${formatSpan(grantMs)}`;
  const hidden = redact.length > 0 ? `, without showing ${codes(redact)}` : '';
  return `approval by ${people} in ${formatSpan(expiresMs)}, ${grant}, the call waits ${formatSpan(waitMs)}${hidden}`;
}

function codes(names: readonly string[], between = ', '): string {
  return names.map((name) => `\`${name}\``).join(between);
}
