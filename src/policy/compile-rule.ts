import type { Spot } from '../documents/faults.ts';
import { certainArgs } from './actions.ts';
import type { Condition, Expressions } from './expression.ts';
import type { Effect, PolicyHead, Rule } from './policy-set.ts';
import { readRuleTarget } from './read-target.ts';
import type { RuleFile } from './schema.ts';
import type { Flaw } from './syntax.ts';
import { LATER_MESSAGE } from './vocabulary.ts';
import { wordsOf } from './words.ts';

const EFFECTS: readonly Effect[] = ['allow', 'deny', 'hold'];

/** What of the language this version reads but does not enforce. */
const LATER_FIELDS = ['hold', 'then'] as const;

export interface RulePlace {
  readonly policy: PolicyHead;
  readonly spot: Spot;
  readonly expressions: Expressions;
}

/** Compiles a rule. What is wrong with it goes to its spot, and the rule is then not to be used. */
export function compileRule(rule: RuleFile, { policy, spot, expressions }: RulePlace): Rule {
  for (const field of LATER_FIELDS)
    if (rule[field] !== undefined) spot.at(field).fault(`\`${field}\` ${LATER_MESSAGE}`, { of: 'key' });
  const effects = EFFECTS.filter((effect) => rule[effect] !== undefined);
  const [effect = 'deny'] = effects;
  if (effects.length !== 1) spot.fault('expected exactly one of `allow` and `deny`');
  const target = readRuleTarget(wordsOf(rule[effect], spot.at(effect)), wordsOf(rule.on, spot.at('on')));
  const certain = certainArgs(target.actions);
  const when = compileCondition(rule.when, spot.at('when'), (source) => expressions.rule(source, certain));
  return { id: `${policy.name}/${rule.id}`, effect, targets: [target], when, because: rule.because, policy };
}

/** Compiles a condition that may not be there; its flaws go to the spot, the same one said twice only once. */
export function compileCondition(
  source: string | undefined,
  spot: Spot,
  compile: (source: string) => Condition | readonly Flaw[],
): Condition | undefined {
  const compiled = source === undefined ? undefined : compile(source);
  if (compiled === undefined || 'run' in compiled) return compiled;
  for (const [index, { offset, message }] of compiled.entries())
    if (compiled.findIndex((flaw) => flaw.message === message) === index) spot.fault(message, { offset });
  return undefined;
}
