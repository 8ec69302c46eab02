/** Runs `*.test.yaml`: requests, with the effect and the very rules that must decide them. */
import type { AccessRequest } from '../core/access.ts';
import { unknownName } from '../core/nearest.ts';
import { byPlace, type Checked, type Problem } from '../core/problem.ts';
import { readDocument } from '../documents/document.ts';
import { type Fault, Spot } from '../documents/faults.ts';
import type { SourceFile } from '../documents/yaml-source.ts';
import { decide, DEFAULT_DENY, DEFAULT_PERMIT } from './decide.ts';
import { differences } from './test-differences.ts';
import type { PolicySet } from './policy-set.ts';
import { type TestCase, testSchema } from './tests/schema.ts';
import { requestOf } from './test-request.ts';
import { wordsOf } from './words.ts';

export interface TestResult {
  readonly file: string;
  readonly name: string;
  /** Where the decision differs from what was expected; empty for a test that passed. */
  readonly failures: readonly Problem[];
}

export interface TestReport {
  readonly results: readonly TestResult[];
  /** Ids of rules that no test sees decide, not even in shadow. */
  readonly unreached: readonly string[];
}

type Expectation = TestCase['expect'];

/** A test whose file is sound. */
interface Test extends Pick<TestResult, 'file' | 'name'> {
  readonly request: AccessRequest;
  readonly expect: Expectation;
  /** Tells a failure at the expectation. */
  readonly failure: (message: string) => Problem;
}

/** Runs all tests against the policies together, as they decide together. */
export function runTests(set: PolicySet, files: readonly SourceFile[]): Checked<TestReport> {
  const tests: Test[] = [];
  const problems: Problem[] = [];
  for (const file of files) {
    const read = readTests(set, file);
    if (read.ok) tests.push(...read.value);
    else problems.push(...read.problems);
  }
  if (problems.length > 0) return { ok: false, problems: problems.sort(byPlace) };
  const reached = new Set<string>();
  const results = tests.map(({ file, name, request, expect, failure }): TestResult => {
    const decision = decide(set, request);
    for (const id of [...decision.rules, ...(decision.shadow?.rules ?? [])]) reached.add(id);
    return { file, name, failures: differences(decision, expect).map(failure) };
  });
  const decisive = set.policies.flatMap(({ shadow, rules }) =>
    rules.filter(({ effect }) => !(shadow && effect === 'allow')),
  );
  return { ok: true, value: { results, unreached: decisive.map(({ id }) => id).filter((id) => !reached.has(id)) } };
}

function readTests(set: PolicySet, file: SourceFile): Checked<readonly Test[]> {
  const document = readDocument(file, testSchema);
  if (!document.ok) return document;
  const { value, problem } = document.value;
  const faults: Fault[] = [];
  const tests = value.flatMap(({ name, request: written, expect }, index): Test[] => {
    const spot = new Spot([index], faults);
    const request = requestOf(written, spot.at('request'));
    refuseUnknownIds(set, expect, spot.at('expect'));
    refuseUncounted(set, written, spot.at('request'));
    const failure = (message: string): Problem => problem({ path: [index, 'expect'], message });
    return request ? [{ file: file.path, name, request, expect, failure }] : [];
  });
  return faults.length > 0 ? { ok: false, problems: faults.map(problem) } : { ok: true, value: tests };
}

function refuseUnknownIds({ policies }: PolicySet, { rules, shadow, limits }: Expectation, spot: Spot): void {
  const ruleIds = [DEFAULT_DENY, DEFAULT_PERMIT, ...policies.flatMap((policy) => policy.rules.map(({ id }) => id))];
  const stated = policies.flatMap(({ limits: all, bounds }) => [
    ...all.map(({ quota }) => quota.id),
    ...bounds.map(({ bound }) => bound.id),
  ]);
  const limitIds = [...new Set(stated)];
  for (const word of [...wordsOf(rules, spot.at('rules')), ...wordsOf(shadow?.rules, spot.at('shadow', 'rules'))])
    if (!ruleIds.includes(word.text)) word.spot.fault(unknownName('rule', word.text, ruleIds));
  for (const word of wordsOf(limits, spot.at('limits')))
    if (!limitIds.includes(word.text)) word.spot.fault(unknownName('limit', word.text, limitIds));
}

/** A count that no condition reads would be of no effect. */
function refuseUncounted({ policies }: PolicySet, { run }: TestCase['request'], spot: Spot): void {
  const conditions = policies.flatMap(({ rules }) => rules.flatMap(({ when }) => when ?? []));
  const counted = conditions.flatMap(({ counters }) => counters.flatMap(({ pattern }) => pattern?.source ?? []));
  for (const pattern of Object.keys(run?.calls ?? {}))
    if (!counted.includes(pattern))
      spot.at('run', 'calls', pattern).fault(unknownName('counted pattern', pattern, counted), { of: 'key' });
}
