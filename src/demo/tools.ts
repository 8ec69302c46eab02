/**
 * The demo tools: an MCP server of its own on loopback (streamable HTTP at /mcp), so that a first `npm start` has tools to
 * govern – harmless ones, one that destroys and one that reaches out.
 * INVARIANT: protocol sessions are not kept; both eras of MCP are answered statelessly.
 * INVARIANT: no mail leaves the process.
 */
import type { IncomingMessage } from 'node:http';
import { localhostHostValidation, localhostOriginValidation, toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { type DemoOptions, type DemoServer, pathOf, serveOnLoopback } from './loopback-server.ts';
import { Notebook } from './notes.ts';
import { registerDocuments } from './tool-documents.ts';
import { registerNoteTools, registerSimpleTools } from './tool-list.ts';

const PATH = '/mcp';

/** What a server gets always has both; Node's type also covers what a client gets. */
type Received = IncomingMessage & { readonly method: string; readonly url: string };

/** Starts it; the address is that of the endpoint itself. Throws where the port is taken. */
export async function startDemoTools(options: DemoOptions = {}): Promise<DemoServer> {
  const notebook = new Notebook();
  const mcp = createMcpHandler(() => createServer(notebook), { legacy: 'stateless' });
  const handle = toNodeHandler(mcp);
  const isLocalHost = localhostHostValidation();
  const isLocalOrigin = localhostOriginValidation();
  const server = await serveOnLoopback((request, response) => {
    if (!isLocalHost(request, response) || !isLocalOrigin(request, response)) return;
    const received = request as Received;
    if (pathOf(received) === PATH) void handle(received, response);
    else response.writeHead(404, { 'content-type': 'text/plain' }).end(`the MCP endpoint is ${PATH}\n`);
  }, options);
  return {
    url: server.url + PATH,
    close: async () => {
      await mcp.close();
      await server.close();
    },
  };
}

function createServer(notebook: Notebook): McpServer {
  const server = new McpServer(
    { name: 'waygate-demo', title: 'Waygate demo', version: '1.0.0' },
    {
      instructions: 'Notes to search, read, create and delete, and a mail tool that keeps mails without sending them.',
    },
  );
  registerSimpleTools(server);
  registerNoteTools(server, notebook);
  registerDocuments(server, notebook);
  return server;
}
