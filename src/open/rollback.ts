/**
 * Part of the composition root: compensations, made as their operator on the same way as any call of a client, so that
 * policies, limits, journal and audit hold for them too.
 * INVARIANT: `failed` is said only of what surely changed nothing; whoever cannot tell says `unknown`.
 */
import type { RollbackApiSource, Viewer } from '../admin/rollback-api.ts';
import { discardBody } from '../core/body.ts';
import { GatewayError, toGatewayError } from '../core/errors.ts';
import type { Incoming } from '../core/exchange.ts';
import { type Principal, principalId, ROLLBACK_AGENT } from '../core/principal.ts';
import { gateway } from '../gateway.ts';
import {
  goodbyeAsk,
  initializeAsk,
  initializedAsk,
  type McpAsk,
  type McpSession,
  sessionIn,
  STATELESS,
  toolAsk,
} from '../protocols/mcp-asks.ts';
import { isModern } from '../protocols/mcp-headers.ts';
import { type CompensationAnswer, readAnswer } from '../runs/compensation-answer.ts';
import { notSent, outcomeOf, outcomeOfError } from '../runs/compensation-outcome.ts';
import type { JournalSchedule } from '../runs/journal-leases.ts';
import type { Stages } from '../stages.ts';

/** The agent that compensations are made as: what policies allow it is what a rollback may do. */
/** Of one compensation, with all that its session takes. */
const LONGEST_MS = 120_000;

export interface CompensatorSource {
  /** Those in force now. */
  readonly stages: () => Stages;
  readonly now: () => number;
  readonly schedule: Pick<JournalSchedule, 'after'>;
}

/** Makes compensations with tools of MCP servers. A promise never rejects for what became of one. */
export function compensator(source: CompensatorSource): RollbackApiSource['callTool'] {
  return async function compensate({ tool, args, key }, { viewer, tenant, run, attempt }) {
    const slash = tool.indexOf('/');
    const way = { upstream: tool.slice(0, slash), principal: principalOf(viewer, tenant), run: `rollback:${run}` };
    const leaving = new AbortController();
    const callOff = source.schedule.after(LONGEST_MS, () => leaving.abort());
    const ask = asker(source, way, leaving.signal);
    try {
      const session = await opened(ask);
      if (session instanceof GatewayError) return notSent(session);
      const { answer, wasSent } = await ask(
        toolAsk(session, { name: tool.slice(slash + 1), args, idempotencyKey: `${key}/${attempt}` }),
      );
      const goodbye = goodbyeAsk(session);
      if (goodbye && !leaving.signal.aborted) await ask(goodbye);
      return answer instanceof GatewayError ? outcomeOfError(answer, wasSent) : outcomeOf(answer);
    } finally {
      callOff();
    }
  };
}

function principalOf({ subject, issuer }: Viewer, tenant: string): Principal {
  return {
    id: principalId(tenant, subject, ROLLBACK_AGENT),
    subject,
    tenant,
    agent: ROLLBACK_AGENT,
    actors: [],
    credential: 'jwt',
    issuer,
    scopes: [],
    expiresAtMs: Infinity,
  };
}

interface Asked {
  readonly answer: CompensationAnswer | GatewayError;
  /** False where it surely did not leave the gateway. */
  readonly wasSent: boolean;
}
type Ask = (ask: McpAsk) => Promise<Asked>;

/** A session with a server that keeps them; where it takes no `initialize`, none is needed. */
async function opened(ask: Ask): Promise<McpSession | GatewayError> {
  const { answer } = await ask(initializeAsk());
  if (answer instanceof GatewayError) return answer;
  const session = sessionIn(answer);
  if (!session || isModern(session.revision)) return session ?? STATELESS;
  const greeted = await ask(initializedAsk(session));
  return greeted.answer instanceof GatewayError ? greeted.answer : session;
}

interface Way {
  readonly upstream: string;
  readonly principal: Principal;
  /** Name of the run that it is made in: the same for all rollbacks of one run, so that what is approved there can be used. */
  readonly run: string;
}

/** Sends messages down the gateway's own pipeline, and tells what it refused from what the server answered. */
function asker(
  { stages, now, schedule }: CompensatorSource,
  { upstream, principal, run }: Way,
  leaving: AbortSignal,
): Ask {
  return async function ask({ method, headers, body }) {
    let refusal: GatewayError | undefined;
    let wasSent = false;
    const handle = gateway(() => {
      const stage = stages();
      return {
        ...stage,
        identify: () => principal,
        async record(...permit) {
          if (leaving.aborted) throw tooLong();
          wasSent = true;
          await stage.record(...permit).catch((error: unknown) => {
            wasSent = false;
            throw error;
          });
        },
        refuse(error, request, known) {
          refusal = error;
          return stage.refuse(error, request, known);
        },
      };
    });
    const onAbort: Incoming['onAbort'] = (listener) => leaving.addEventListener('abort', listener, { once: true });
    const request: Incoming = {
      method,
      path: `/mcp/${upstream}`,
      query: '',
      headers: { ...headers, 'waygate-run': run },
      peer: undefined,
      receivedAtMs: now(),
      read: async () => body,
      onAbort,
    };
    const left = new Promise<GatewayError>((resolve) => {
      if (leaving.aborted) resolve(tooLong());
      leaving.addEventListener('abort', () => resolve(tooLong()), { once: true });
    });
    const answered = handle(request).then(async (delivery): Promise<Asked['answer']> => {
      if (refusal) discardBody(delivery.body);
      return refusal ?? readAnswer(delivery, { after: schedule.after, onAbort });
    });
    return { answer: await Promise.race([answered.catch(toGatewayError), left]), wasSent };
  };
}

function tooLong(): GatewayError {
  return new GatewayError('upstream.timeout', `it had not ended after ${LONGEST_MS / 1_000} s`);
}
