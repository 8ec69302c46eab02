import type { ApprovalTerms } from '../core/approval.ts';
import type { Decision, Permit } from '../core/decision.ts';
import { readSpan, readWait } from './amounts.ts';
import { labelsIn } from './explain-permit.ts';
import type { ApprovalFile } from './schema.ts';
import type { TestCase } from './tests/schema.ts';

type Expectation = TestCase['expect'];

/** In what a decision differs from what a test expects; empty where in nothing. */
export function differences(decision: Decision, expect: Expectation): string[] {
  const found: string[] = [];
  if (decision.effect !== expect.effect) {
    const why = decision.effect === 'permit' ? '' : ` (${decision.reason})`;
    found.push(`expected \`${expect.effect}\`, got \`${decision.effect}\`${why}`);
  }
  compare(found, 'rules', { expected: expect.rules, got: decision.rules });
  const permit = decision.effect === 'permit' ? decision : undefined;
  if (expect.limits) compare(found, 'limits', { expected: expect.limits, got: limitsOf(permit) });
  compareObligations(found, expect, permit ?? heldOf(decision)?.permit);
  if (expect.approval) compareApproval(found, expect.approval, heldOf(decision)?.terms);
  const { shadow } = decision;
  if (expect.shadow && expect.shadow.effect !== shadow?.effect)
    found.push(`expected \`${expect.shadow.effect}\` in shadow, got ${shadow ? `\`${shadow.effect}\`` : 'nothing'}`);
  if (expect.shadow && shadow) compare(found, 'rules in shadow', { expected: expect.shadow.rules, got: shadow.rules });
  return found;
}

function heldOf(decision: Decision): { readonly terms: ApprovalTerms; readonly permit: Permit } | undefined {
  return decision.effect === 'permit' ? undefined : decision.held;
}

/** One `max` may be several limits, and a bound besides. */
function limitsOf(permit: Permit | undefined): string[] {
  return [...new Set([...(permit?.quotas ?? []), ...(permit?.bounds ?? [])].map(({ id }) => id))];
}

function compareObligations(found: string[], { labels, journal }: Expectation, permit: Permit | undefined): void {
  const obligations = permit?.obligations ?? [];
  if (labels) compare(found, 'labels', { expected: labels, got: labelsIn(obligations) });
  const isJournaled = obligations.some(({ kind }) => kind === 'journal');
  if (journal !== undefined && journal !== isJournaled)
    found.push(`expected the call ${journal ? '' : 'not '}to be journaled, it is${isJournaled ? '' : ' not'}`);
}

/** Compares what the expectation says, in its words. */
function compareApproval(found: string[], expected: ApprovalFile, terms: ApprovalTerms | undefined): void {
  if (!terms) return void found.push('expected an approval, got no hold');
  const { roles, redact, approvers, uses, expires, grant, wait } = expected;
  if (roles) compare(found, 'roles', { expected: [roles].flat(), got: terms.roles });
  if (redact) compare(found, 'redacted arguments', { expected: [redact].flat(), got: terms.redact });
  const counts = [
    ['approvers', approvers, terms.approvers, ''],
    ['uses', uses, terms.uses, ''],
    ['expires', expires && readSpan(expires), terms.expiresMs, ' ms'],
    ['grant', grant && readSpan(grant), terms.grantMs, ' ms'],
    ['wait', wait && readWait(wait), terms.waitMs, ' ms'],
  ] as const;
  for (const [field, want, have, unit] of counts) {
    if (want === undefined || want === have) continue;
    found.push(
      typeof want === 'object'
        ? `\`${field}\`: ${want.fault}`
        : `expected \`${field}\` of ${want}${unit}, got ${have}${unit}`,
    );
  }
}

function compare(
  found: string[],
  what: string,
  { expected, got }: { readonly expected: readonly string[]; readonly got: readonly string[] },
): void {
  const [want, have] = [expected, got].map((ids) => [...ids].sort().join(', '));
  if (want !== have) found.push(`expected the ${what} ${want || 'none'}, got ${have || 'none'}`);
}
