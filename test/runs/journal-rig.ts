// A journaled tool behind its gate: calls as a client sends them, and an upstream that counts what it has carried out.
import { collectBody, type Body } from '../../src/core/body.ts';
import type { Call } from '../../src/core/call.ts';
import type { Compensation } from '../../src/core/decision.ts';
import { GatewayError } from '../../src/core/errors.ts';
import type { Answer } from '../../src/core/exchange.ts';
import type { CallId, RunId } from '../../src/core/ids.ts';
import { NEW_TREE } from '../../src/core/run.ts';
import { systemSchedule } from '../../src/limits/schedule.ts';
import type { JournalPlace, JournalStore } from '../../src/runs/journal.ts';
import { journalGate, type JournalGateSource, type JournalObligation, repeatOf } from '../../src/runs/journal-gate.ts';
import { journalLeases } from '../../src/runs/journal-leases.ts';
import { callOf } from '../metering/call.ts';
import { KEEP, LEASE, ROOT } from './journal-calls.ts';

export const UNDO: Compensation = {
  tool: 'tickets/close_ticket',
  args: { id: { path: ['result', 'id'] }, owner: { path: ['args', 'owner'] }, why: { literal: 'undone' } },
};
export const OBLIGATION: JournalObligation = { kind: 'journal', rule: 'tickets/create', undo: UNDO };

let calls = 0;

export interface Asked {
  readonly tenant: string;
  readonly key?: string;
  readonly id?: number;
  readonly args?: Readonly<Record<string, unknown>>;
  readonly root?: RunId;
  readonly tool?: string;
  readonly principal?: string;
}

/** A call of a tool, as a client of MCP sends it. */
export function toolCall(asked: Asked): Call {
  const {
    tenant,
    key,
    id = 1,
    args = { owner: 'ann' },
    root = ROOT,
    tool = 'create_ticket',
    principal = 'ann',
  } = asked;
  const meta = key === undefined ? {} : { 'waygate/idempotencyKey': key };
  const params = { name: tool, arguments: args, _meta: { progressToken: id, ...meta } };
  const call = callOf('mcp', { action: 'tool.call' });
  const run = {
    id: root,
    root,
    parent: undefined,
    path: [root],
    depth: 0,
    name: '',
    source: 'hint',
    tree: NEW_TREE,
  } as const;
  return {
    ...call,
    id: `call_${(calls += 1)}` as CallId,
    body: Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params })),
    rpc: { id: String(id), method: 'tools/call', revision: '2025-11-25' },
    access: {
      ...call.access,
      principal: { ...call.access.principal, tenant, id: `${tenant}/${principal}/` },
      resource: { kind: 'tool', upstream: 'tickets', name: tool },
      args,
      run,
    },
  };
}

export function jsonAnswer(message: unknown, status = 200): Answer {
  const headers = { 'content-type': 'application/json', 'set-cookie': 'a=b', 'mcp-session-id': 's' };
  return { status, headers, body: Buffer.from(JSON.stringify(message)) };
}

export interface RigOptions extends Partial<Pick<JournalGateSource, 'clock' | 'schedule' | 'waitMs'>> {
  /** What the upstream does with the nth call. */
  readonly upstream?: (call: Call, nth: number) => Promise<Answer>;
}

/** One gateway process, as far as the journal goes. */
export class Rig {
  executions = 0;
  readonly unrecorded: JournalPlace[] = [];
  readonly #store: JournalStore;
  readonly #options: RigOptions;
  readonly #source: JournalGateSource;

  constructor(store: JournalStore, options: RigOptions = {}) {
    this.#store = store;
    this.#options = options;
    const { clock = { now: () => Date.now() }, schedule = systemSchedule, waitMs } = options;
    this.#source = {
      store,
      clock,
      schedule,
      leases: journalLeases({ store, leaseMs: LEASE, schedule }),
      keepMs: KEEP,
      onUnrecorded: (place) => void this.unrecorded.push(place),
      ...(waitMs !== undefined && { waitMs }),
    };
  }

  /** Through the gate and, where it lets it, upstream. The body is the client's to read. */
  async start(call: Call, obligation = OBLIGATION): Promise<Answer> {
    const journaled = await journalGate(this.#source)(call, obligation, repeatOf(call));
    if (journaled.kind === 'recorded') return journaled.answer;
    this.executions += 1;
    try {
      const { upstream = answered } = this.#options;
      return journaled.ticket.tap(await upstream(call, this.executions));
    } catch (thrown) {
      journaled.ticket.fail(thrown as GatewayError, true);
      throw thrown;
    }
  }

  async send(call: Call, obligation = OBLIGATION): Promise<Told> {
    const { status, headers, body } = await this.start(call, obligation);
    return { status, headers, text: await textOf(body) };
  }

  stop(): void {
    this.#source.leases.stop();
  }

  entries(tenant: string, root = ROOT) {
    return this.#store.entries(tenant, root);
  }
}

export interface Told {
  readonly status: number;
  readonly headers: Answer['headers'];
  readonly text: string;
}

async function answered({ rpc }: Call, nth: number): Promise<Answer> {
  return jsonAnswer({ jsonrpc: '2.0', id: Number(rpc?.id), result: { structuredContent: { id: nth } } });
}

async function textOf(body: Body): Promise<string> {
  return (await collectBody(body, 10_000_000, () => new GatewayError('upstream.too_large', 'too large'))).toString();
}
