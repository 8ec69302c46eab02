// What Waygate's own tools do: say where a run stands, and ask for an approval ahead of time. Calls of them were decided on
// like any other, as `tool/waygate/…`.
import type { AccessRequest } from '../core/access.ts';
import type { Call } from '../core/call.ts';
import type { Clock } from '../core/clock.ts';
import type { Decision } from '../core/decision.ts';
import { GatewayError } from '../core/errors.ts';
import type { Standing } from '../core/quota.ts';
import { type OwnAnswer, requestAnswer, statusAnswer } from '../protocols/mcp-own-answers.ts';
import { type OwnTool, readOwnRequest } from '../protocols/mcp-own-tools.ts';
import { askedArguments } from './approval-binding.ts';
import type { ApprovalsGate } from './approval-gate.ts';
import type { ApprovalStore } from './approval-store.ts';

export interface OwnToolSource {
  readonly gate: Pick<ApprovalsGate, 'ask'>;
  readonly store: Pick<ApprovalStore, 'pendingOf'>;
  readonly clock: Clock;
  /** What policies say of a call that is yet to come. */
  readonly decide: (access: AccessRequest) => Decision;
  /** Where the limits of the caller stand. */
  readonly standings: (call: Call) => Promise<readonly Standing[]>;
}

type Asked = Pick<Call, 'access' | 'body'>;

/** The answer to a call of an own tool. Rejects with `limit.unavailable` where the store does not answer. */
export function ownTools(source: OwnToolSource): (tool: OwnTool, call: Call) => Promise<OwnAnswer> {
  return (tool, call) => (tool === 'status' ? status(source, call) : request(source, call));
}

async function status({ store, clock, standings }: OwnToolSource, call: Call): Promise<OwnAnswer> {
  const { principal, run } = call.access;
  const [pending, limits] = await Promise.all([store.pendingOf(principal.tenant, run.root), standings(call)]);
  return statusAnswer({ run, agent: principal.agent, standings: limits, pending, nowMs: clock.now() });
}

async function request({ gate, decide }: OwnToolSource, { access, body }: Asked): Promise<OwnAnswer> {
  const asked = readOwnRequest(access.args);
  if (!asked.ok) return { text: asked.text, isError: true };
  const { action, resource, args, reason: said } = asked;
  const ahead = { ...access, action, resource, args };
  const decision = decide(ahead);
  if (decision.effect === 'permit') return { text: 'this call needs no approval: make it' };
  const { held, reason } = decision;
  if (decision.effect === 'deny' || !held) return { text: `${reason}; no approval can be asked for`, isError: true };
  try {
    return requestAnswer(await gate.ask(ahead, askedArguments(body), { terms: held.terms, reason, said }));
  } catch (thrown) {
    if (!(thrown instanceof GatewayError) || thrown.code !== 'policy.hold') throw thrown;
    return { text: thrown.message, isError: true };
  }
}
