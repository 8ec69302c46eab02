import { hash } from 'node:crypto';
import type { Checked } from '../core/problem.ts';
import type { SourceFile } from '../documents/yaml-source.ts';
import { compile } from '../policy/compile.ts';
import type { Enforcement, PolicySet } from '../policy/policy-set.ts';
import { ProblemsError } from './output.ts';

/** Compiles policies as the gateway does, so that the revision is the same. */
export function compileSet(files: readonly SourceFile[], enforcement: Enforcement): Checked<PolicySet> {
  return compile(files, { enforcement, sha256: (text) => hash('sha256', text, 'hex') });
}

/** The compiled policies. Throws everything that is wrong with them. */
export function takeSet(files: readonly SourceFile[], enforcement: Enforcement): PolicySet {
  const compiled = compileSet(files, enforcement);
  if (compiled.ok) return compiled.value;
  throw new ProblemsError(compiled.problems);
}
