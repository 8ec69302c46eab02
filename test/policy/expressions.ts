// Conditions for tests: compile one, run it on a request.
import type { AccessRequest } from '../../src/core/access.ts';
import { Bindings } from '../../src/policy/bindings.ts';
import { type Condition, Expressions } from '../../src/policy/expression.ts';
import type { Outcome } from '../../src/policy/outcome.ts';
import type { Flaw } from '../../src/policy/syntax.ts';
import { PrincipalValue } from '../../src/policy/values.ts';
import { request } from './fixtures.ts';

const expressions = new Expressions();

export function flaws(source: string): readonly Flaw[] {
  const compiled = expressions.rule(source);
  return 'run' in compiled ? [] : compiled;
}

export function condition(source: string): Condition {
  const compiled = expressions.rule(source);
  if ('run' in compiled) return compiled;
  throw new Error(`${source}: ${compiled.map(({ message }) => message).join('; ')}`);
}

export function bind(asked: AccessRequest): Bindings {
  return new Bindings(asked, new PrincipalValue(asked.principal));
}

/** What a condition gives on a request with some arguments. */
export function outcome(source: string, args: Readonly<Record<string, unknown>> = {}): Outcome {
  return bind(request({ args })).evaluate(condition(source));
}
