import { unknownName } from '../core/nearest.ts';
import { type Scope, SCOPES } from '../core/quota.ts';
import type { Word } from './words.ts';

/** Scopes that count by runs: each takes in all that lies below its run. */
export const RUN_SCOPES = ['run', 'run.root', 'run.parent'] as const satisfies readonly Scope[];

export function isOfRun(scope: Scope): boolean {
  return RUN_SCOPES.some((known) => known === scope);
}

/** The scopes of a `per`, sorted; `usual` where it names none. */
export function readScopes(words: readonly Word[], usual: Scope = 'tenant'): readonly Scope[] {
  const scopes = new Set<Scope>();
  for (const { text, spot } of words) {
    const scope = SCOPES.find((known) => known === text);
    if (!scope) spot.fault(unknownName('scope', text, SCOPES));
    else if (isOfRun(scope) && [...scopes].some((other) => isOfRun(other) && other !== scope))
      spot.fault('expected only one of `run`, `run.root` and `run.parent`');
    else scopes.add(scope);
  }
  return scopes.size > 0 ? [...scopes].sort() : [usual];
}
