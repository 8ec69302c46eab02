// Part of the composition root: calls that policies hold, and the tools of the gateway's own that an agent may be given.
import type { AccessRequest } from '../core/access.ts';
import { type Call, type Judged, type PermittedCall, withResource } from '../core/call.ts';
import type { Decision } from '../core/decision.ts';
import type { Answer, Incoming } from '../core/exchange.ts';
import type { Standing } from '../core/quota.ts';
import type { Clock } from '../core/clock.ts';
import type { Approvals } from '../open/approvals.ts';
import { ownAnswer } from '../protocols/mcp-own-answers.ts';
import { type OwnTool, ownToolOf, ownToolResource, withOwnTools } from '../protocols/mcp-own-tools.ts';
import { type Holds, holdsOf } from '../runs/approval-holds.ts';
import { ownTools } from '../runs/own-tools.ts';

/** The holds of the requests that have any. */
export function holding({ gate }: Pick<Approvals, 'gate'>) {
  const open = new WeakMap<Incoming, Holds>();
  return {
    approve(judged: Judged, request: Incoming): Judged | Promise<Judged | undefined> {
      if (judged.decision.effect !== 'hold') return judged;
      const holds = open.get(request) ?? holdsOf(gate, request);
      open.set(request, holds);
      return holds.pass(judged);
    },
    async unsent(request: Incoming): Promise<void> {
      await open.get(request)?.giveBack();
    },
  };
}

export interface OwnToolsSource extends Pick<Approvals, 'gate' | 'store'> {
  readonly clock: Clock;
  /** Of an upstream. */
  readonly toolsOf: (upstream: string) => readonly OwnTool[];
  readonly decide: (access: AccessRequest) => Decision;
  readonly mayUse: (access: AccessRequest) => boolean;
  readonly standings: (call: Call) => Promise<readonly Standing[]>;
}

export type OwnTools = ReturnType<typeof offering>;

/** The tools of the gateway's own: found among an upstream's, listed with them, and answered here. */
export function offering(source: OwnToolsSource) {
  const { toolsOf, mayUse } = source;
  const run = ownTools(source);
  const toolIn = ({ access: { action, resource } }: Pick<Call, 'access'>): OwnTool | undefined => {
    const tool = action === 'tool.call' ? ownToolOf(resource.name) : undefined;
    return tool && toolsOf(resource.upstream).includes(tool) ? tool : undefined;
  };
  return {
    /** The call of a tool of our own, as what it is. */
    recognised(call: Call): Call {
      const tool = call.dialect === 'mcp' ? toolIn(call) : undefined;
      return tool ? { ...withResource(call, ownToolResource(tool)), ownTool: tool } : call;
    },
    listed(
      call: PermittedCall,
      upstream: string,
      answer: { readonly body: Buffer; readonly contentType: string },
    ): Buffer {
      const tools = call.rpc?.method === 'tools/list' ? toolsOf(upstream) : [];
      if (tools.length === 0) return answer.body;
      const allowed = tools.filter((tool) =>
        mayUse({ ...call.access, action: 'tool.call', resource: ownToolResource(tool), args: {} }),
      );
      return withOwnTools(answer.body, answer.contentType, allowed);
    },
    async answer(call: PermittedCall, tool: OwnTool): Promise<Answer> {
      if (!call.rpc) throw new RangeError('bug: a tool is called by a message');
      const { status, headers, body } = ownAnswer(call.rpc, await run(tool, call));
      return {
        status,
        headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
        body: Buffer.from(body),
      };
    },
  };
}
