import type { Action } from '../core/access.ts';
import type { Spot } from '../documents/faults.ts';
import { certainArgs } from './actions.ts';
import { compileApproval } from './compile-approval.ts';
import { compileThen } from './compile-then.ts';
import type { Condition, Expressions } from './expression.ts';
import type { Effect, PolicyHead, Rule } from './policy-set.ts';
import { readRuleTarget } from './read-target.ts';
import type { RuleFile } from './schema.ts';
import type { Flaw } from './syntax.ts';
import { wordsOf } from './words.ts';

const EFFECTS: readonly Effect[] = ['allow', 'deny', 'hold'];

export interface RulePlace {
  readonly policy: PolicyHead;
  readonly spot: Spot;
  readonly expressions: Expressions;
}

/** Compiles a rule. What is wrong with it goes to its spot, and the rule is then not to be used. */
export function compileRule(rule: RuleFile, { policy, spot, expressions }: RulePlace): Rule {
  const effects = EFFECTS.filter((effect) => rule[effect] !== undefined);
  const [effect = 'deny'] = effects;
  if (effects.length !== 1) spot.fault('expected exactly one of `allow`, `deny` and `hold`');
  const target = readRuleTarget(wordsOf(rule[effect], spot.at(effect)), wordsOf(rule.on, spot.at('on')));
  const certain = certainArgs(target.actions);
  const when = compileCondition(rule.when, spot.at('when'), (source) => expressions.rule(source, certain));
  const id = `${policy.name}/${rule.id}`;
  return {
    id,
    effect,
    targets: [target],
    when,
    because: rule.because,
    policy,
    ...compilePass(rule, { id, effect, actions: target.actions, spot }),
  };
}

interface PassPlace {
  readonly id: string;
  readonly effect: Effect;
  readonly actions: readonly Action[];
  readonly spot: Spot;
}

/** What is asked for before a call passes, and what it then stands on. */
function compilePass(
  { approval, then }: RuleFile,
  { id, effect, actions, spot }: PassPlace,
): Pick<Rule, 'terms' | 'obligations'> {
  if (approval && effect !== 'hold') spot.at('approval').fault('`approval` goes with `hold`', { of: 'key' });
  if (then && effect === 'deny')
    spot.at('then').fault('`then` goes with `allow` and `hold`: what is denied leaves nothing to do', { of: 'key' });
  const isHold = effect === 'hold' || approval !== undefined;
  return {
    terms: isHold ? compileApproval(approval ?? {}, { rule: id, spot: spot.at('approval') }) : undefined,
    obligations: compileThen(then, { rule: id, actions, spot: spot.at('then') }),
  };
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
