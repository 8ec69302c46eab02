// Whose child is to be made: the tokens of a token exchange, believed.
import type { Principal } from '../core/principal.ts';
import type { Run } from '../core/run.ts';
import type { Parentage } from './child.ts';
import { actorFault, boundFault } from './exchange-checks.ts';
import type { ExchangeDeps } from './exchange-deps.ts';
import type { ExchangeRequest } from './exchange-request.ts';
import { type Outcome, problemOf, refuse } from './oauth-problem.ts';

export interface Believed extends Parentage {
  /** The parent's run; undefined where a tree begins. */
  readonly run: Run | undefined;
}

/** The parent, its run and the actor, once all are believed and belong together. */
export async function parentage(
  request: ExchangeRequest,
  proofKey: string | undefined,
  deps: ExchangeDeps,
): Promise<Outcome<Believed>> {
  const subject = await believed(request.subjectToken, 'subject', deps);
  if (!subject.ok) return subject;
  const parent = subject.value;
  const bound = boundFault(parent, 'subject', proofKey);
  if (bound) return refuse(bound);
  const run = await runOf(parent, deps);
  if (!run.ok) return run;
  const found = { parent, run: run.value, proofKey };
  if (request.actorToken === undefined) return { ok: true, value: { ...found, actor: undefined } };
  const actor = await believed(request.actorToken, 'actor', deps);
  if (!actor.ok) return actor;
  const value = { ...found, actor: actor.value };
  const fault = boundFault(actor.value, 'actor', proofKey) ?? actorFault(value, request, deps.terms);
  if (fault) return refuse(fault);
  const acting = await runOf(actor.value, deps);
  return acting.ok ? { ok: true, value } : acting;
}

async function runOf(parent: Principal, { runOf: find }: ExchangeDeps): Promise<Outcome<Run | undefined>> {
  const { delegation } = parent;
  if (!delegation) return { ok: true, value: undefined };
  try {
    return { ok: true, value: await find({ ...parent, delegation }) };
  } catch (thrown) {
    return refuse(problemOf(thrown, 'invalid_grant'));
  }
}

// RFC 8693 §2.2.2: a token that is invalid for any reason is an `invalid_request`.
async function believed(token: string, what: string, { authenticate }: ExchangeDeps): Promise<Outcome<Principal>> {
  try {
    return { ok: true, value: await authenticate(token) };
  } catch (thrown) {
    const found = problemOf(thrown, 'invalid_request');
    return refuse({ ...found, description: `of the ${what} token: ${found.description}` });
  }
}
