// Policies and requests for tests, as short as can be.
import { createHash } from 'node:crypto';
import type { AccessRequest, Action } from '../../src/core/access.ts';
import { parseResource } from '../../src/core/access.ts';
import type { RunId } from '../../src/core/ids.ts';
import { NEW_TREE, type Run, type TreeFacts } from '../../src/core/run.ts';
import { type Principal, principalId } from '../../src/core/principal.ts';
import { formatProblem } from '../../src/core/problem.ts';
import { compile } from '../../src/policy/compile.ts';
import type { Enforcement, PolicySet } from '../../src/policy/policy-set.ts';

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Problems of policy texts, as they are printed. */
export function problemsOf(...texts: readonly string[]): string[] {
  const compiled = compile(filesOf(texts), { enforcement: 'enforce', sha256 });
  return compiled.ok ? [] : compiled.problems.map(formatProblem);
}

/** Compiles policy texts that must be sound. */
export function policies(...texts: readonly string[]): PolicySet {
  return policiesUnder('enforce', texts);
}

export function policiesUnder(enforcement: Enforcement, texts: readonly string[]): PolicySet {
  const compiled = compile(filesOf(texts), { enforcement, sha256 });
  if (!compiled.ok) throw new Error(compiled.problems.map(formatProblem).join('\n'));
  return compiled.value;
}

/** One policy called `p` of some rules. */
export function rulesOnly(...rules: readonly object[]): PolicySet {
  return policies(JSON.stringify({ policy: 'p', rules: rules.map((rule, index) => ({ id: `r${index}`, ...rule })) }));
}

function filesOf(texts: readonly string[]) {
  return texts.map((text, index) => ({ path: `p${index}.yaml`, text }));
}

export function principal(fields: Partial<Principal> = {}): Principal {
  const { tenant = 'acme', subject = 'ana', agent = 'researcher' } = fields;
  return {
    id: principalId(tenant, subject, agent),
    subject,
    tenant,
    agent,
    actors: [],
    credential: 'jwt',
    issuer: 'https://issuer.test',
    scopes: ['tools'],
    expiresAtMs: Infinity,
    ...fields,
  };
}

type Asked = Partial<Omit<AccessRequest, 'resource'>> & { readonly resource?: string };

/** A tool call by default. */
export function request({ resource = 'tool/github/get_file', ...fields }: Asked = {}): AccessRequest {
  const parsed = parseResource(resource);
  if (!parsed) throw new Error(`not a resource: ${resource}`);
  const action: Action = 'tool.call';
  return {
    principal: principal(),
    action,
    resource: parsed,
    args: {},
    run: run(),
    context: { route: 'mcp', stream: false, timeMs: Date.UTC(2026, 10, 23, 22, 30) },
    ...fields,
  };
}

/** A root of its own by default, of a tree that nobody has seen. */
export function run({
  tree = {},
  ...fields
}: Partial<Omit<Run, 'tree'>> & { readonly tree?: Partial<TreeFacts> } = {}): Run {
  const id = 'run_1' as RunId;
  const root: Omit<Run, 'tree'> = { id, root: id, parent: undefined, depth: 0, path: [id], name: '', source: 'hint' };
  return { ...root, ...fields, tree: { ...NEW_TREE, ...tree } };
}

/** A tree of which so much is counted. */
export function counted(counts: Readonly<Record<string, number>>): Run {
  return run({ tree: { counts: new Map(Object.entries(counts)) } });
}
