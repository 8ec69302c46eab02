/**
 * From policy files to a set that decides. Pure: files come in as texts.
 * INVARIANT: a set is made of files without a single problem, or not at all.
 * INVARIANT: all problems of all files are told at once, each in its place.
 */
import { byPlace, type Checked, type Problem } from '../core/problem.ts';
import { Spot } from '../documents/faults.ts';
import { faultsOf, type Sound, soundItems } from '../documents/schema-faults.ts';
import { readYaml, type SourceFile, type YamlSource } from '../documents/yaml-source.ts';
import { missingCeilings, type StatedLimit } from './ceilings.ts';
import { compileLimits } from './compile-limits.ts';
import { compileCondition, compileRule } from './compile-rule.ts';
import { Expressions } from './expression.ts';
import { type Enforcement, type Policy, type PolicyHead, type PolicySet, policySet } from './policy-set.ts';
import { limitSchema, type PolicyFile, policySchema, ruleSchema } from './schema.ts';

export interface CompileOptions {
  readonly enforcement: Enforcement;
  /** Digest of a text, for the revision. */
  readonly sha256: (text: string) => string;
}

interface FilePlace {
  readonly position: number;
  readonly expressions: Expressions;
  readonly enforcement: Enforcement;
}

/** A file without a fault of its own. */
interface CompiledFile {
  readonly policy: Policy;
  readonly stated: readonly StatedLimit[];
  readonly text: string;
  readonly problem: YamlSource['problem'];
}

/** Compiles all policies of a gateway together. Without any, the set denies everything. */
export function compile(files: readonly SourceFile[], { enforcement, sha256 }: CompileOptions): Checked<PolicySet> {
  const expressions = new Expressions();
  const checked = files.map((file, position) => compileFile(file, { position, expressions, enforcement }));
  const compiled = checked.flatMap((file) => (file.ok ? [file.value] : []));
  const problems = [...checked.flatMap((file) => (file.ok ? [] : file.problems)), ...sameNames(compiled)];
  if (problems.length > 0) return { ok: false, problems: problems.sort(byPlace) };
  // A ceiling may stand in any file, so that all of them must be sound to know that there is none.
  const unbounded = withoutCeiling(compiled);
  if (unbounded.length > 0) return { ok: false, problems: unbounded.sort(byPlace) };
  const policies = compiled.map(({ policy }) => policy);
  return { ok: true, value: policySet(policies, { revision: sha256(contentOf(compiled)), enforcement }) };
}

function compileFile(file: SourceFile, { position, expressions, enforcement }: FilePlace): Checked<CompiledFile> {
  const read = readYaml(file);
  if (!read.ok) return read;
  const { value, problem } = read.value;
  const faults = faultsOf(value, policySchema);
  const top = new Spot([], faults);
  const { policy: name, mode, applies, rules, limits } = soundParts(value);
  if (!rules && !limits && faults.length === 0) top.fault('expected `rules`, `limits` or both');

  const head: PolicyHead = {
    name: String(name),
    shadow: mode === 'shadow',
    applies: compileCondition(applies, top.at('applies'), (source) => expressions.applies(source)),
    position,
  };
  const soundRules = soundItems(rules, { schema: ruleSchema, spot: top.at('rules') });
  const soundLimits = soundItems(limits, { schema: limitSchema, spot: top.at('limits') });
  refuseTwins([...soundRules, ...soundLimits]);
  const { stated, ...counted } = compileLimits(soundLimits, { policy: head, enforcement });
  const policy: Policy = {
    ...head,
    rules: soundRules.map(({ item, spot }) => compileRule(item, { policy: head, spot, expressions })),
    ...counted,
  };
  if (faults.length > 0) return { ok: false, problems: faults.map(problem) };
  return { ok: true, value: { policy, stated, text: file.text, problem } };
}

/** The fields of a file that may not be sound as a whole, so that one fault does not hide those behind it. */
function soundParts(value: unknown): Partial<Record<'policy' | 'mode' | 'rules' | 'limits', unknown>> & {
  readonly applies?: string;
} {
  const fields = (typeof value === 'object' && value !== null ? value : {}) as Partial<
    Record<keyof PolicyFile, unknown>
  >;
  const { applies, ...rest } = fields;
  return typeof applies === 'string' ? { ...rest, applies } : rest;
}

function refuseTwins(items: readonly Sound<{ readonly id: string }>[]): void {
  const seen = new Set<string>();
  for (const { item, spot } of items) {
    if (seen.has(item.id)) spot.at('id').fault(`the id \`${item.id}\` is taken in this policy`);
    seen.add(item.id);
  }
}

function sameNames(files: readonly CompiledFile[]): Problem[] {
  const seen = new Set<string>();
  return files.flatMap(({ policy: { name }, problem }) => {
    const taken = seen.has(name);
    seen.add(name);
    return taken ? [problem({ path: ['policy'], message: `the name \`${name}\` is taken by another policy` })] : [];
  });
}

function withoutCeiling(files: readonly CompiledFile[]): Problem[] {
  const all = files.flatMap(({ stated }) => stated);
  return files.flatMap(({ stated, problem }) => missingCeilings(stated, all).map(problem));
}

/** What a revision stands for: the policies by name, wherever their files are and in whatever order they came. */
function contentOf(files: readonly CompiledFile[]): string {
  const entries = files.map(({ policy, text }): [string, string] => [policy.name, text]);
  return JSON.stringify(entries.sort(([one], [other]) => (one < other ? -1 : 1)));
}
