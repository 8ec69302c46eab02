// What is no mistake in a policy by itself, but hardly meant.
import { nearest } from '../core/nearest.ts';
import type { Problem } from '../core/problem.ts';
import { readDocument } from '../documents/document.ts';
import type { Fault } from '../documents/faults.ts';
import type { SourceFile } from '../documents/yaml-source.ts';
import { matchesGlob } from '../policy/glob.ts';
import { parsePattern } from '../policy/pattern.ts';
import { LOCAL } from '../policy/read-target.ts';
import { type PolicyFile, policySchema } from '../policy/schema.ts';
import type { UnsetLabel } from '../policy/unset-labels.ts';

export interface Surroundings {
  /** Ids of rules that no test sees decide. */
  readonly unreached: readonly string[];
  /** Names of the upstreams that there are; undefined where no configuration says. */
  readonly upstreams: readonly string[] | undefined;
  /** Labels that conditions ask for and that no rule sets. */
  readonly unset: readonly UnsetLabel[];
}

/** Rules that no test reaches or that wait for a label in vain, and patterns of an upstream which is not there. */
export function policyWarnings(
  files: readonly SourceFile[],
  { unreached, upstreams, unset }: Surroundings,
): readonly Problem[] {
  return files.flatMap((file) => {
    const document = readDocument(file, policySchema);
    if (!document.ok) return [];
    const { value, problem } = document.value;
    const faults = [
      ...untested(value, unreached),
      ...inVain(value, unset),
      ...(upstreams ? astray(value, [...upstreams, LOCAL]) : []),
    ];
    return faults.map(problem);
  });
}

function untested({ policy, rules = [] }: PolicyFile, unreached: readonly string[]): Fault[] {
  return rules.flatMap(({ id }, index) =>
    unreached.includes(`${policy}/${id}`)
      ? [{ path: ['rules', index, 'id'], message: `no test sees the rule \`${policy}/${id}\` decide` }]
      : [],
  );
}

function inVain({ policy, rules = [] }: PolicyFile, unset: readonly UnsetLabel[]): Fault[] {
  return rules.flatMap(({ id }, index) =>
    unset
      .filter(({ rule }) => rule === `${policy}/${id}`)
      .map(({ label, offset, meant }) => ({
        path: ['rules', index, 'when'],
        offset,
        message: `no rule sets the label \`${label}\`${meant === undefined ? '' : `, did you mean \`${meant}\`?`}`,
      })),
  );
}

/** Every pattern of a policy, and every tool that takes a call back, whose upstream is not there. */
function astray({ rules = [], limits = [] }: PolicyFile, upstreams: readonly string[]): Fault[] {
  const named = Object.entries({ rules, limits }).flatMap(([field, items]) =>
    items.flatMap(({ on = [] }, index) => [on].flat().map((source) => ({ source, path: [field, index, 'on'] }))),
  );
  const undoing = rules.flatMap(({ then }, index) =>
    then?.undo ? [{ source: `tool/${then.undo.tool}`, path: ['rules', index, 'then', 'undo', 'tool'] }] : [],
  );
  return [...named, ...undoing].flatMap(({ source, path }): Fault[] => {
    const pattern = parsePattern(source);
    if ('fault' in pattern || pattern.globs.some(({ upstream }) => isThere(upstream, upstreams))) return [];
    const [glob] = pattern.globs;
    const meant = nearest(glob?.upstream ?? '', upstreams);
    const hint = meant === undefined ? '' : `, did you mean \`${meant}\`?`;
    return [{ path, message: `\`${source}\` matches no upstream of the configuration${hint}` }];
  });
}

function isThere(glob: string, upstreams: readonly string[]): boolean {
  return upstreams.some((name) => matchesGlob(glob, name));
}
