// A long conversation of Claude Code's shape through two real gateways over one Redis, as operators see it afterwards.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { play } from '../corpus/runs/claude-code.ts';
import { TASK } from '../corpus/runs/task.ts';
import { operate, OPERATORS } from '../support/operators.ts';
import { type ScriptedUpstream, scriptedUpstream } from '../support/upstream.ts';
import { startWaygate, token, type Waygate } from '../support/waygate.ts';

interface Step {
  readonly kind: string;
  readonly resource: string;
  readonly toolUseId?: string;
  readonly ok: boolean;
}

const PLAYED = play(TASK);
const SESSION = 'x-claude-code-session-id';
let upstream: ScriptedUpstream;
let gateways: readonly Waygate[];

beforeAll(async () => {
  upstream = await scriptedUpstream();
  const start = (): Promise<Waygate> =>
    startWaygate({
      config: {
        upstreams: {
          anthropic: { protocol: 'anthropic', url: upstream.url, prices: { '*': { input: 1, output: 4 } } },
          github: { protocol: 'mcp', url: `${upstream.url}/mcp` },
        },
        store: { kind: 'redis', url: inject('redisUrl') },
        admin: { operators: OPERATORS },
      },
    });
  gateways = await Promise.all([start(), start()]);
});
afterAll(async () => {
  await Promise.all(gateways.map((gateway) => gateway.stop()));
  await upstream.close();
});

/** Sends every exchange in its order, by turns to one gateway and the other. Gives the root of the tree. */
async function converse(): Promise<string> {
  const bearer = await token({ sub: crypto.randomUUID() });
  let root = '';
  for (const [index, { to, headers, body, answer }] of PLAYED.exchanges.entries()) {
    const isModel = to === 'model';
    upstream.answer = (_, response) => {
      response.writeHead(200, { 'content-type': isModel ? 'text/event-stream' : 'application/json' }).end(answer);
    };
    const { url } = gateways[index % gateways.length] as Waygate;
    const response = await fetch(isModel ? `${url}/v1/messages?beta=true` : `${url}/mcp/github`, {
      method: 'POST',
      headers: {
        ...headers,
        authorization: `Bearer ${bearer}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
      body,
    });
    expect([response.status, await response.text()]).toEqual([200, answer]);
    if (isModel && !('x-claude-code-agent-id' in headers) && SESSION in headers)
      root = response.headers.get('waygate-run') ?? '';
  }
  return root;
}

describe('a long conversation with local tools and sub-agents', () => {
  test('is one tree, with every step on the node that it belongs to', async () => {
    const root = await converse();
    const { body } = await operate(gateways[0] as Waygate, `runs/${root}/tree?tenant=acme`);
    const { runs } = body as {
      readonly runs: readonly { readonly id: string; readonly name: string; readonly depth: number }[];
    };
    const told = async (): Promise<unknown> => {
      const nodes = runs.map(async ({ id, name, depth }) => {
        const shown = await operate(gateways[1] as Waygate, `runs/${id}?tenant=acme&steps=500`);
        const { steps } = shown.body as { readonly steps: readonly Step[] };
        return [depth === 0 ? '' : name, steps.map(lineOf).toSorted()] as const;
      });
      return Object.fromEntries(await Promise.all(nodes));
    };
    const truth = Map.groupBy(PLAYED.steps, ({ agent }) => agent);
    const expected = Object.fromEntries([...truth].map(([agent, steps]) => [agent, steps.map(lineOf).toSorted()]));
    await expect.poll(told, { timeout: 10_000 }).toEqual(expected);
    expect(runs.map(({ depth }) => depth).toSorted((one, other) => one - other)).toEqual([0, 1, 1, 2]);
  });
});

function lineOf({ kind, resource, toolUseId = '', ok }: Step): string {
  return `${kind} ${resource} ${toolUseId} ${ok ? '' : 'failed'}`.trim();
}
