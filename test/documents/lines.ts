import { type Checked, formatProblem } from '../../src/core/problem.ts';

/** The problems of something that is refused, as they are printed. */
export function linesOf(checked: Checked<unknown>): readonly string[] {
  if (checked.ok) throw new Error('it was accepted');
  return checked.problems.map(formatProblem);
}
