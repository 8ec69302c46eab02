import { formatProblem } from '../core/problem.ts';
import { runTests, type TestResult } from '../policy/testing.ts';
import { type ExitCode, type Output, ProblemsError } from './output.ts';
import { readSelection } from './policy-files.ts';
import { takeSet } from './policy-set.ts';

/** Runs policy tests, and shows what each that fails expected and got. */
export async function test(paths: readonly string[], output: Output): Promise<ExitCode> {
  const sets = await readSelection(paths);
  const results = sets.flatMap(({ policies, tests }): readonly TestResult[] => {
    // What a gateway that only observes would let pass is still what the policies must refuse.
    const report = runTests(takeSet(policies, 'enforce'), tests);
    if (report.ok) return report.value.results;
    throw new ProblemsError(report.problems);
  });
  const failed = results.filter(({ failures }) => failures.length > 0);
  for (const { name, failures } of failed)
    output.print([`failed: ${name}`, ...failures.map((failure) => `  ${formatProblem(failure)}`)].join('\n'));
  output.print(`${results.length - failed.length} passed, ${failed.length} failed`);
  if (results.length === 0) output.say('no tests: they stand beside the policies in `*.test.yaml` files');
  return failed.length > 0 || results.length === 0 ? 1 : 0;
}
