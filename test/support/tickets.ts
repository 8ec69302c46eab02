// A real MCP server of one era, whose tools create and remove tickets and tell what they have carried out.
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NodeStreamableHTTPServerTransport, toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, fromJsonSchema, McpServer } from '@modelcontextprotocol/server';

export interface TicketServer {
  readonly url: string;
  /** Calls carried out, in order, as `create TITLE` and `remove ID`. */
  readonly done: string[];
  /** Sessions that are open; none in the era without. */
  readonly sessions: number;
  /** Answers those whose title begins with `slow`. */
  release(): void;
  close(): Promise<void>;
}

export type Era = 'sessions' | 'stateless';

export async function startTickets(era: Era): Promise<TicketServer> {
  const done: string[] = [];
  const tickets = new Map<number, string>();
  let released = Promise.withResolvers<void>();
  const make = (): McpServer => ticketTools(done, tickets, () => released.promise);
  const sessions = new Map<string, NodeStreamableHTTPServerTransport>();
  const handle = era === 'stateless' ? stateless(make) : withSessions(make, sessions);
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    done,
    get sessions() {
      return sessions.size;
    },
    release() {
      released.resolve();
      released = Promise.withResolvers<void>();
    },
    async close() {
      for (const session of sessions.values()) await session.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type Handle = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Of 2026-07-28 alone: it takes no `initialize`. */
function stateless(make: () => McpServer): Handle {
  const handle = toNodeHandler(createMcpHandler(make, { legacy: 'reject' }));
  return (request, response) => handle(request as Parameters<typeof handle>[0], response);
}

/** Of 2025-11-25 alone: nothing goes without the id of a session. */
function withSessions(make: () => McpServer, sessions: Map<string, NodeStreamableHTTPServerTransport>): Handle {
  return async (request, response) => {
    const known = sessions.get(String(request.headers['mcp-session-id']));
    if (known) return known.handleRequest(request, response);
    const transport: NodeStreamableHTTPServerTransport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (id) => void sessions.set(id, transport),
      onsessionclosed: (id) => void sessions.delete(id),
    });
    await make().connect(transport);
    return transport.handleRequest(request, response);
  };
}

const TEXT = { type: 'string' } as const;

function ticketTools(done: string[], tickets: Map<number, string>, released: () => Promise<void>): McpServer {
  const server = new McpServer({ name: 'tickets', version: '1' });
  const create = fromJsonSchema<{ title: string }>({
    type: 'object',
    properties: { title: TEXT },
    required: ['title'],
  });
  server.registerTool('create', { description: 'Creates a ticket.', inputSchema: create }, async ({ title }) => {
    done.push(`create ${title}`);
    const id = done.filter((one) => one.startsWith('create')).length;
    tickets.set(id, title);
    if (title.startsWith('slow')) await released();
    return { content: [{ type: 'text', text: JSON.stringify({ id }) }] };
  });
  const remove = fromJsonSchema<{ id: number; title: string }>({
    type: 'object',
    properties: { id: { type: 'number' }, title: TEXT },
    required: ['id', 'title'],
  });
  server.registerTool('remove', { description: 'Removes a ticket.', inputSchema: remove }, ({ id }) => {
    if (!tickets.delete(id)) return { content: [{ type: 'text', text: `there is no ticket ${id}` }], isError: true };
    done.push(`remove ${id}`);
    return { content: [{ type: 'text', text: 'removed' }] };
  });
  return server;
}
