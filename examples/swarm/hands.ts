// What a member of the swarm calls with: models through either SDK, and tools through that of MCP.
import { setTimeout as pause } from 'node:timers/promises';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { Credential } from './lineage.ts';
import { anthropic, openai, TOOL, type ToolUse } from './mouths.ts';

export interface Hands {
  /** Asks the model, which names a tool. */
  ask(prompt: string): Promise<ToolUse>;
  /** Calls the tool. */
  use(tool: ToolUse): Promise<string>;
  /** Gives the model the tool's result, and reads what it says. */
  report(prompt: string, tool: ToolUse, result: string): Promise<string>;
  /** Has the model write at length: resolves at its first piece, with what reads the rest. */
  write(prompt: string): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

/** As a model would that reads so in the result; the SDKs of models do it by themselves. */
const TRIES = 5;
const TRY_AGAIN_MS = 2_000;

/** A call was refused, or cut, because its run was killed. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

/** What a call gives. Throws `Killed` where it says so; anything else is thrown as it came. */
async function whileAlive<T>(call: Promise<T>): Promise<T> {
  return call.catch((cause: unknown) => {
    const said = `${String(cause)} ${JSON.stringify(cause)}`;
    throw said.includes('killed') ? new Killed(said, { cause }) : cause;
  });
}

export interface Addresses {
  /** Of the gateway for models, and of the one for tools. */
  readonly models: string;
  readonly tools: string;
}

export function handsOf(dialect: 'openai' | 'anthropic', at: Addresses, credential: Credential): Hands {
  const mouth = dialect === 'openai' ? openai(at.models, credential) : anthropic(at.models, credential);
  const tools = mcp(at.tools, credential);
  return {
    ask: (prompt) => whileAlive(mouth.ask(prompt)),
    use: (tool) => whileAlive(tools.use(tool)),
    report: (...said) => whileAlive(mouth.report(...said)),
    write: async (prompt) => {
      const rest = await whileAlive(mouth.write(prompt));
      return () => whileAlive(rest());
    },
    close: tools.close,
  };
}

function mcp(url: string, { token, headers }: Credential): Pick<Hands, 'use' | 'close'> {
  let opened: Promise<Client> | undefined;
  const open = async (): Promise<Client> => {
    const client = new Client({ name: 'swarm', version: '1' }, { versionNegotiation: { mode: 'auto' } });
    const requestInit = { headers: { authorization: `Bearer ${token}`, ...headers } };
    await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp/notes`), { requestInit }));
    return client;
  };
  return {
    async use({ args }) {
      const client = await (opened ??= open());
      for (let left = TRIES; ; left -= 1) {
        const result = await client.callTool({ name: TOOL, arguments: args });
        const text = JSON.stringify(result.content);
        if (result.isError !== true) return text;
        if (left <= 1 || !text.includes('try again in a few seconds')) throw new Error(text);
        await pause(TRY_AGAIN_MS);
      }
    },
    close: async () => (await opened?.catch(() => undefined))?.close(),
  };
}
