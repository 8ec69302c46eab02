// A long conversation, read as the gateway reads it: every step on the node that it belongs to.
import { describe, expect, test } from 'vitest';
import type { Call } from '../../../src/core/call.ts';
import { header } from '../../../src/core/exchange.ts';
import type { BodyEnd } from '../../../src/core/record.ts';
import type { Seat } from '../../../src/core/roster.ts';
import type { Run } from '../../../src/core/run.ts';
import { configuredPrice } from '../../../src/metering/price.ts';
import { meter } from '../../../src/metering/tap.ts';
import { PROTOCOLS } from '../../../src/protocols/index.ts';
import { localSteps, stepOf, type StepOf } from '../../../src/runs/timeline.ts';
import { memoryTimelines } from '../../../src/runs/timeline-memory.ts';
import type { UseStore } from '../../../src/runs/tool-use.ts';
import { LocalTools } from '../../../src/runs/tool-use-local.ts';
import { memoryUses, memoryUseStore } from '../../../src/runs/tool-use-memory.ts';
import { ToolUses } from '../../../src/runs/tool-uses.ts';
import { testClock } from '../../limits/ledger.ts';
import { pieces, readAll } from '../../metering/flow.ts';
import { request } from '../../protocols/request.ts';
import { callOf, run, toolCall } from '../../runs/traffic.ts';
import { type Exchange, play, type TrueStep } from './claude-code.ts';
import { TASK } from './task.ts';

const PLAYED = play(TASK);
const PRICE = configuredPrice({ input: 1, output: 10, cacheRead: 0.1, cacheWrite: 1.25 });
const clock = testClock();
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** One gateway's part in the conversation, but for what limits and policies do. */
class Reader {
  readonly #steps: StepOf[];
  readonly #local: LocalTools;
  readonly #uses: ToolUses;

  constructor(steps: StepOf[], shared: UseStore | undefined) {
    this.#steps = steps;
    const options = { clock, own: memoryUses({ clock }), shared, onError: (cause: unknown) => expect(cause).toBeUndefined() };
    this.#uses = new ToolUses(options);
    this.#local = new LocalTools({
      ...options,
      onLocal: ({ access }, results) => steps.push(...localSteps(access.run.id, access.context.timeMs, results)),
    });
  }

  async take(exchange: Exchange): Promise<void> {
    const dialect = exchange.to === 'model' ? 'anthropic' : 'mcp';
    const head = request('POST', exchange.headers);
    const path = exchange.to === 'model' ? '/messages' : '';
    const reading = PROTOCOLS[dialect].read(head, path, Buffer.from(exchange.body));
    const { toolResults, toolUseId, args, resource } = reading;
    if (dialect === 'mcp') {
      const call = toolCall(resource.name, args, { ...(toolUseId !== undefined && { toolUseId }) });
      const known = await this.#uses.runOfToolCall(call);
      this.#answer({ ...call, access: { ...call.access, run: run(...(known ?? ['nowhere'])) } }, exchange);
      return;
    }
    const access = { run: hinted(exchange), resource: { kind: 'model', upstream: 'anthropic', name: resource.name } } as const;
    const call = callOf({ access, ...(toolResults && { toolResults }) });
    await this.#local.results(call);
    this.#answer(call, exchange);
  }

  #answer(call: Call, { to, answer }: Exchange): void {
    const type = to === 'model' ? 'text/event-stream' : 'application/json';
    let seat: Seat | undefined;
    const done = (end: BodyEnd): void => {
      seat?.leave();
      if (to === 'model') this.#uses.ended(call, end.metered.toolUses);
      const step = stepOf({ ...RECORD, ...end, call, id: call.id });
      if (step) this.#steps.push(step);
    };
    const onToolUses = (uses: Parameters<ToolUses['watch']>[1]): void => {
      if (to === 'model') seat = this.#uses.watch(call, uses);
    };
    const bytes = Buffer.from(answer);
    const body = pieces(bytes.subarray(0, 200), bytes.subarray(200));
    const options = { price: PRICE, now: () => 1_000, done, onToolUses };
    readAll(meter(call, { status: 200, headers: { 'content-type': type }, body }, options).body);
  }
}

const RECORD = {
  request: request('POST'),
  principal: undefined,
  decision: undefined,
  quote: undefined,
  standings: [],
  status: 200,
  endedAtMs: 1_000,
  permitted: true,
};

/** As the headers of the client say it. */
function hinted({ headers }: Exchange): Run {
  const agent = header(headers, 'x-claude-code-agent-id');
  const parent = header(headers, 'x-claude-code-parent-agent-id');
  return run(...['main', parent, agent].filter((name) => name !== undefined));
}

/** What each node did, in its order. */
function byNode(steps: readonly TrueStep[]): Readonly<Record<string, readonly string[]>> {
  const groups = Map.groupBy(steps, ({ agent }) => agent || 'main');
  const line = ({ kind, resource, toolUseId, ok }: TrueStep): string => {
    return [kind, resource, toolUseId?.replace(/^toolu_010*/, '#'), ok ? undefined : 'failed'].filter(Boolean).join(' ');
  };
  return Object.fromEntries([...groups].map(([node, own]) => [node, own.map(line)]));
}

async function read(replicas: number): Promise<ReturnType<typeof byNode>> {
  const steps: StepOf[] = [];
  const shared = replicas > 1 ? memoryUseStore(memoryUses({ clock })) : undefined;
  const readers = Array.from({ length: replicas }, () => new Reader(steps, shared));
  for (const [index, exchange] of PLAYED.exchanges.entries()) {
    await readers[index % replicas]?.take(exchange);
    await settled();
  }
  // Through the store, as people will see it.
  const store = memoryTimelines({ clock });
  await store.append('acme', steps);
  const runs = [...new Set(steps.map((step) => step.run))];
  const timelines = await Promise.all(
    runs.map(async (node) => (await store.read('acme', node, 500)).map((step) => ({ ...step, agent: node }))),
  );
  return byNode(timelines.flat() as unknown as TrueStep[]);
}

describe('a long conversation of a coding agent and its sub-agents', () => {
  const truth = byNode(PLAYED.steps);

  test('is long, has four agents, and tools of every kind', () => {
    const models = PLAYED.steps.filter(({ kind, agent }) => kind === 'model' && agent === '');
    expect(models.length).toBeGreaterThan(40);
    expect(Object.keys(truth)).toEqual(['main', 'agent-a1', 'agent-b2', 'agent-c3']);
    expect(new Set(PLAYED.steps.map(({ kind }) => kind)).size).toBe(3);
    // MCP requests do not say which agent they are of.
    const mcp = PLAYED.exchanges.filter(({ to }) => to === 'mcp');
    expect(new Set(mcp.map(({ headers }) => JSON.stringify(headers))).size).toBe(1);
    expect(new Set(mcp.map(({ agent }) => agent)).size).toBe(4);
  });

  test('is played the same every time', () => {
    expect(play(TASK)).toEqual(PLAYED);
  });

  test('shows every step on the node that it belongs to', async () => {
    expect(await read(1)).toEqual(truth);
  });

  test('shows the same through two gateways that take turns', async () => {
    expect(await read(2)).toEqual(truth);
  });

  test('reads as it is written down', async () => {
    const written = Object.entries(truth).flatMap(([node, steps]) => [node, ...steps.map((step) => `  ${step}`), '']);
    await expect(written.join('\n')).toMatchFileSnapshot('claude-code.timeline.txt');
  });
});
