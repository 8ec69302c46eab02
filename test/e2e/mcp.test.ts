import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CLIENT_POLICY, type DemoGateway, startDemoGateway } from '../support/demo.ts';
import { token } from '../support/waygate.ts';

let gateway: DemoGateway;
let bearer: string;
const posts: string[] = [];

beforeAll(async () => {
  gateway = await startDemoGateway({ policies: { 'clients.yaml': CLIENT_POLICY } });
  bearer = await token();
});
afterAll(() => gateway.stop());

async function connect(era: 'legacy' | 'auto'): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: era } });
  const transport = new StreamableHTTPClientTransport(new URL(`${gateway.waygate.url}/mcp/notes`), {
    requestInit: { headers: { authorization: `Bearer ${bearer}` } },
    fetch: (input, init) => {
      if (init?.method === 'POST') posts.push(typeof init.body === 'string' ? init.body : '');
      return fetch(input, init);
    },
  });
  await client.connect(transport);
  return client;
}

describe.each(['legacy', 'auto'] as const)('the MCP client SDK (%s era)', (era) => {
  test('it connects, and lists only the tools that the caller may use', async () => {
    const client = await connect(era);
    const names = (await client.listTools()).tools.map(({ name }) => name);
    expect(names).toContain('add');
    expect(names).not.toContain('delete_note');
    await client.close();
  });

  test('a tool call is answered', async () => {
    const client = await connect(era);
    const result = await client.callTool({ name: 'add', arguments: { a: 2, b: 3 } });
    expect(JSON.stringify(result.content)).toContain('5');
    await client.close();
  });

  test('a refused tool call is a result that the model can read, after one request, and the session goes on', async () => {
    const client = await connect(era);
    const before = posts.filter((post) => post.includes('delete_note')).length;
    const result = await client.callTool({ name: 'delete_note', arguments: { id: '1' } });
    expect(result.isError).toBe(true);
    expect(JSON.stringify(result.content)).toContain('clients/no-delete');
    expect(JSON.stringify(result.content)).toContain('notes are deleted by people');
    expect(posts.filter((post) => post.includes('delete_note')).length - before).toBe(1);
    expect(JSON.stringify((await client.callTool({ name: 'add', arguments: { a: 1, b: 1 } })).content)).toContain('2');
    await client.close();
  });
});
