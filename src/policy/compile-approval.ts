import type { ApprovalTerms } from '../core/approval.ts';
import type { Spot } from '../documents/faults.ts';
import { readSpan, readWait } from './amounts.ts';
import type { ApprovalFile } from './schema.ts';
import { wordsOf } from './words.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const ARGUMENT = /^args(?:\.[^.\s]+)*$/;

/** What a hold asks for, its gaps filled. What is wrong with it goes to its spot. */
export function compileApproval(
  written: ApprovalFile,
  { rule, spot }: { readonly rule: string; readonly spot: Spot },
): ApprovalTerms {
  const time = (field: 'expires' | 'grant' | 'wait', usual: number): number => {
    const text = written[field];
    const read = text === undefined ? usual : (field === 'wait' ? readWait : readSpan)(text);
    if (typeof read === 'number') return read;
    spot.at(field).fault(read.fault);
    return usual;
  };
  const redact = wordsOf(written.redact, spot.at('redact'));
  for (const word of redact)
    if (!ARGUMENT.test(word.text)) word.spot.fault('expected an argument like `args.body` or `args.repo.name`');
  const roles = wordsOf(written.roles, spot.at('roles')).map(({ text }) => text);
  return {
    rules: [rule],
    roles: roles.length > 0 ? uniqueOf(roles) : ['approver'],
    approvers: written.approvers ?? 1,
    expiresMs: time('expires', DAY_MS),
    grantMs: time('grant', HOUR_MS),
    uses: written.uses ?? 1,
    waitMs: time('wait', 30_000),
    redact: uniqueOf(redact.map(({ text }) => text)),
  };
}

/** What one or more holds ask for together: all of it. Without a role in common nobody may approve, which `roles` then says. */
export function mergeTerms(all: readonly ApprovalTerms[]): ApprovalTerms {
  return all.reduce((one, other) => ({
    rules: uniqueOf([...one.rules, ...other.rules]),
    roles: one.roles.filter((role) => other.roles.includes(role)),
    approvers: Math.max(one.approvers, other.approvers),
    expiresMs: Math.min(one.expiresMs, other.expiresMs),
    grantMs: Math.min(one.grantMs, other.grantMs),
    uses: Math.min(one.uses, other.uses),
    waitMs: Math.max(one.waitMs, other.waitMs),
    redact: uniqueOf([...one.redact, ...other.redact]),
  }));
}

function uniqueOf(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort();
}
