// The server that the MCP conformance suite asks for: tools, resources and prompts by the names that its scenarios know.
// Legacy clients (2025-11-25) have sessions, so that it can ask them back; those of 2026-07-28 need none.
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  localhostHostValidation,
  localhostOriginValidation,
  NodeStreamableHTTPServerTransport,
  toNodeHandler,
} from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { registerContent } from './content.ts';
import { registerRounds, states } from './rounds.ts';
import { registerTools } from './tools.ts';

export interface ConformanceServer {
  readonly url: string;
  close(): Promise<void>;
}

/** What a server gets always has both; Node's type also covers what a client gets. */
type Received = IncomingMessage & { readonly method: string; readonly url: string };

export async function startConformanceServer(): Promise<ConformanceServer> {
  const modern = createMcpHandler(newServer);
  const handleModern = toNodeHandler(modern);
  const sessions = new Map<string, NodeStreamableHTTPServerTransport>();
  const isLocalHost = localhostHostValidation();
  const isLocalOrigin = localhostOriginValidation();
  const server = createServer((request, response) => {
    if (!isLocalHost(request, response) || !isLocalOrigin(request, response)) return;
    void answer(request as Received, response);
  });
  async function answer(request: Received, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    const message = parsed(body);
    const known = sessions.get(String(request.headers['mcp-session-id']));
    if (known) await known.handleRequest(request, response, message);
    else if (isInitialize(message)) await (await openSession(sessions)).handleRequest(request, response, message);
    else await handleModern(request, response, message);
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    async close() {
      server.closeAllConnections();
      await Promise.all([modern.close(), ...[...sessions.values()].map((transport) => transport.close())]);
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function openSession(
  sessions: Map<string, NodeStreamableHTTPServerTransport>,
): Promise<NodeStreamableHTTPServerTransport> {
  const transport = new NodeStreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (id) => void sessions.set(id, transport),
  });
  await newServer().connect(transport);
  return transport;
}

function newServer(): McpServer {
  const capabilities = { logging: {}, completions: {}, tools: {}, prompts: {}, resources: { subscribe: true } };
  const verify = states.verify.bind(states);
  const server = new McpServer({ name: 'conformance', version: '1.0.0' }, { capabilities, requestState: { verify } });
  registerTools(server);
  registerRounds(server);
  registerContent(server);
  return server;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function parsed(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isInitialize(message: unknown): boolean {
  return typeof message === 'object' && message !== null && 'method' in message && message.method === 'initialize';
}
