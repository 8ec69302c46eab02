import { type Action, ACTIONS } from '../core/access.ts';
import { unknownName } from '../core/nearest.ts';
import { actionsOf, FAMILIES, KIND_OF } from './actions.ts';
import type { Condition, Expressions } from './expression.ts';
import { everything, parsePattern, type Pattern } from './pattern.ts';
import type { Effect, PolicyHead, Rule } from './policy-set.ts';
import type { RuleFile } from './schema.ts';
import type { Flaw } from './syntax.ts';
import { LATER_MESSAGE } from './vocabulary.ts';
import type { Fault, Path } from './yaml-source.ts';

const EFFECTS: readonly Effect[] = ['allow', 'deny', 'hold'];

/** What of the language this version reads but does not enforce. */
const LATER_FIELDS = ['hold', 'then'] as const;
const LATER_ACTION: Action = 'run.spawn';

export interface Compiling {
  readonly policy: PolicyHead;
  /** Where the rule or limit stands in the file. */
  readonly path: Path;
  readonly expressions: Expressions;
  /** Takes everything that is wrong. */
  readonly faults: Fault[];
}

/** Compiles a rule; what it gives stands only if it found no fault. */
export function compileRule(rule: RuleFile, { policy, path, expressions, faults }: Compiling): Rule {
  for (const field of LATER_FIELDS)
    if (rule[field] !== undefined) faults.push({ path: [...path, field], message: `\`${field}\` ${LATER_MESSAGE}`, of: 'key' });
  const effects = EFFECTS.filter((effect) => rule[effect] !== undefined);
  const [effect = 'deny'] = effects;
  if (effects.length !== 1) faults.push({ path, message: 'expected exactly one of `allow`, `deny` and `hold`' });

  const actions = listOf(rule[effect]).flatMap((name, index) => readActions(name, { path: at([...path, effect], rule[effect], index), faults }));
  const patterns = rule.on === undefined ? undefined : readPatterns(rule.on, { path: [...path, 'on'], faults });
  if (patterns) checkKinds({ actions, patterns }, { path: [...path, 'on'], faults });
  return {
    id: `${policy.name}/${rule.id}`,
    effect,
    targets: [{ actions, patterns: patterns ?? patternsOf(actions) }],
    when: compileCondition(rule.when, { compile: (source) => expressions.rule(source), path: [...path, 'when'], faults }),
    because: rule.because,
    policy,
  };
}
