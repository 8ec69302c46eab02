// The run that an exchange is to begin, and what the policies are asked about it.
import type { AccessRequest } from '../core/access.ts';
import type { RunId } from '../core/ids.ts';
import { NEW_TREE, type Run } from '../core/run.ts';
import type { Parentage } from './child.ts';
import { runOf } from './delegated.ts';
import type { DelegatedPrincipal, NewRun } from './exchange-deps.ts';
import type { ExchangeRequest } from './exchange-request.ts';

export function newRunOf(principal: DelegatedPrincipal): NewRun {
  const { path, name } = principal.delegation;
  const id = runOf(principal.delegation);
  return { id, root: path[0] as RunId, parent: path.at(-2), path, depth: path.length - 1, name, principal };
}

export function rootRun({ id, root, parent, path, depth, name }: NewRun): Run {
  return { id, root, parent, path, depth, name, source: 'token', tree: NEW_TREE };
}

interface Spawning {
  readonly child: DelegatedPrincipal;
  readonly run: Run;
  readonly nowMs: number;
}

/** What conditions on a `run.spawn` read: the parent as principal and run, the child's terms as arguments. */
export function accessOf(
  { kind }: ExchangeRequest,
  { parent, actor }: Parentage,
  { child, run, nowMs }: Spawning,
): AccessRequest {
  const { path, name, maxDepth, budget } = child.delegation;
  const hasOwn = budget?.run === path.at(-1);
  return {
    principal: parent,
    action: 'run.spawn',
    resource: { kind: 'agent', upstream: 'waygate', name: child.agent },
    args: {
      name,
      depth: path.length - 1,
      max_depth: maxDepth,
      seconds: Math.round((child.expiresAtMs - nowMs) / 1_000),
      run_key: kind === 'run-key',
      ...(budget && hasOwn && { budget: budget.amount / 1_000_000 }),
      ...(actor && { actor: actor.subject }),
    },
    run,
    context: { route: 'oauth', timeMs: nowMs, stream: false },
  };
}
