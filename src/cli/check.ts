import { existsSync } from 'node:fs';
import { byPlace, formatProblem, type Problem } from '../core/problem.ts';
import { runTests } from '../policy/testing.ts';
import { unsetLabels } from '../policy/unset-labels.ts';
import { checkConfig } from './check-config.ts';
import { findConfig } from './config-file.ts';
import type { ExitCode, Output } from './output.ts';
import { findPolicies, type PolicyPlace, readPolicies } from './policy-files.ts';
import { compileSet } from './policy-set.ts';
import { policyWarnings } from './policy-warnings.ts';

export interface CheckOptions extends PolicyPlace {
  readonly secrets?: true;
}

interface Verdict {
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

interface ConfigVerdict extends Verdict {
  /** Names of the upstreams, where the configuration is sound. */
  readonly upstreams: readonly string[] | undefined;
}

const NOTHING: ConfigVerdict = { problems: [], warnings: [], upstreams: undefined };

/** Checks what a gateway would load, and what goes with it; exit code 1 where it would not load. */
export async function check(options: CheckOptions, output: Output): Promise<ExitCode> {
  const { policies, secrets } = options;
  // Policies that are named alone are checked alone.
  const path = policies !== undefined && options.config === undefined ? undefined : findConfig(options.config);
  const config = path === undefined ? NOTHING : await configVerdict(path, secrets === true ? 'problem' : 'warning');
  const folder = await folderOf(options, config);
  const { upstreams } = config;
  const law = folder === undefined ? NOTHING : await policyVerdict(folder, upstreams);
  const problems = uniqueOf([...config.problems, ...law.problems]);
  const warnings = uniqueOf([...config.warnings, ...law.warnings]);
  for (const problem of problems) output.print(formatProblem(problem));
  for (const warning of warnings) output.print(formatProblem({ ...warning, message: `warning: ${warning.message}` }));
  const what = [path, folder].filter((name) => name !== undefined).map((name) => `\`${name}\``);
  output.print(`${what.join(' and ')}: ${counted(problems.length, 'problem')}, ${counted(warnings.length, 'warning')}`);
  return problems.length > 0 ? 1 : 0;
}

async function configVerdict(path: string, absentAs: 'problem' | 'warning'): Promise<ConfigVerdict> {
  const { config, absent } = await checkConfig(path, process.env);
  const problems = config.ok ? [] : config.problems;
  return {
    problems: absentAs === 'problem' ? [...problems, ...absent] : problems,
    warnings: absentAs === 'warning' ? absent : [],
    upstreams: config.ok ? Object.keys(config.value.upstreams) : undefined,
  };
}

/** The folder of policies; undefined where only a configuration knows, and it is wrong or names none that is there. */
async function folderOf(options: CheckOptions, { problems }: ConfigVerdict): Promise<string | undefined> {
  try {
    const { folder } = await findPolicies(options);
    return problems.length === 0 || existsSync(folder) ? folder : undefined;
  } catch (error) {
    if (problems.length === 0) throw error;
    return undefined;
  }
}

async function policyVerdict(folder: string, upstreams: readonly string[] | undefined): Promise<Verdict> {
  const { policies, tests } = await readPolicies(folder);
  const set = compileSet(policies, 'enforce');
  if (!set.ok) return { problems: set.problems, warnings: [] };
  const report = runTests(set.value, tests);
  const unset = unsetLabels(set.value);
  if (!report.ok)
    return { problems: report.problems, warnings: policyWarnings(policies, { unreached: [], upstreams, unset }) };
  const none: Problem = { file: folder, line: 1, column: 1, message: 'no policies are here, so every call is denied' };
  return {
    problems: [],
    warnings: [
      ...(policies.length === 0 ? [none] : []),
      ...policyWarnings(policies, { unreached: report.value.unreached, upstreams, unset }),
    ],
  };
}

function uniqueOf(problems: readonly Problem[]): readonly Problem[] {
  return [...new Map(problems.map((problem) => [formatProblem(problem), problem])).values()].sort(byPlace);
}

function counted(count: number, what: string): string {
  return `${count === 0 ? 'no' : count} ${what}${count === 1 ? '' : 's'}`;
}
