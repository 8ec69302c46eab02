import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DemoServer } from '../../src/demo/loopback-server.ts';
import { startDemoTools } from '../../src/demo/tools.ts';

let demo: DemoServer;
beforeEach(async () => {
  demo = await startDemoTools();
});
afterEach(() => demo.close());

const ERAS = [
  ['2025-11-25', 'legacy'],
  ['2026-07-28', 'auto'],
] as const;

async function connect(mode: 'legacy' | 'auto'): Promise<Client> {
  const client = new Client({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode } });
  await client.connect(new StreamableHTTPClientTransport(new URL(demo.url)));
  return client;
}

const call = async (client: Client, name: string, args: Record<string, unknown>) => {
  const { content, isError } = await client.callTool({ name, arguments: args });
  const [first] = content;
  return { text: first?.type === 'text' ? first.text : undefined, failed: isError === true };
};

describe.each(ERAS)('the demo tools in MCP %s', (version, mode) => {
  test('the client speaks that revision', async () => {
    const client = await connect(mode);
    expect(client.getNegotiatedProtocolVersion()).toBe(version);
    await client.close();
  });

  test('every tool says what it is, what it takes and what it does to the world', async () => {
    const client = await connect(mode);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual([
      'echo',
      'add',
      'read_note',
      'search_notes',
      'create_note',
      'delete_note',
      'send_mail',
    ]);
    for (const tool of tools) {
      expect(tool).toMatchObject({ title: expect.any(String), description: expect.any(String) });
      expect(tool.inputSchema).toMatchObject({ type: 'object', additionalProperties: false });
      expect(tool.annotations?.readOnlyHint).toEqual(expect.any(Boolean));
    }
    expect(tools.filter(({ annotations }) => annotations?.destructiveHint).map(({ name }) => name)).toEqual([
      'delete_note',
    ]);
    expect(tools.filter(({ annotations }) => annotations?.openWorldHint).map(({ name }) => name)).toEqual([
      'send_mail',
    ]);
    await client.close();
  });

  test('tools do what they say', async () => {
    const client = await connect(mode);
    expect(await call(client, 'echo', { message: 'hi' })).toEqual({ text: 'hi', failed: false });
    expect((await client.callTool({ name: 'add', arguments: { a: 1, b: 2 } })).structuredContent).toEqual({ sum: 3 });
    expect((await call(client, 'search_notes', { query: 'COFFEE' })).text).toBe('groceries: Groceries');
    expect((await call(client, 'search_notes', { query: 'unfindable' })).text).toContain('no note');
    expect((await call(client, 'read_note', { id: 'groceries' })).text).toContain('Bread');
    await client.close();
  });

  test('a deleted note is gone for every client', async () => {
    const [one, other] = [await connect(mode), await connect(mode)];
    expect(await call(one, 'delete_note', { id: 'roadmap' })).toEqual({ text: 'deleted `roadmap`', failed: false });
    expect((await call(other, 'read_note', { id: 'roadmap' })).failed).toBe(true);
    expect((await call(other, 'delete_note', { id: 'roadmap' })).failed).toBe(true);
    await Promise.all([one.close(), other.close()]);
  });

  test('a created note is there under the id that it was given, once for each call', async () => {
    const client = await connect(mode);
    const create = () => client.callTool({ name: 'create_note', arguments: { title: 'Plan', text: 'Begin' } });
    const [one, other] = [await create(), await create()];
    expect(one.structuredContent).toEqual({ id: 'note-1' });
    expect(other.structuredContent).toEqual({ id: 'note-2' });
    expect((await call(client, 'search_notes', { query: 'plan' })).text).toBe('note-1: Plan\nnote-2: Plan');
    await client.close();
  });

  test('a mail is kept and not sent', async () => {
    const client = await connect(mode);
    const mail = { to: 'ana@example.com', subject: 'Hi', text: 'Hello' };
    expect((await call(client, 'send_mail', mail)).text).toBe('kept for ana@example.com, not sent: the outbox holds 1');
    await client.close();
  });

  test('arguments that the schema does not allow are refused', async () => {
    const client = await connect(mode);
    for (const args of [{}, { message: 1 }, { message: 'x', more: true }]) {
      const refused = await call(client, 'echo', args).catch(() => ({ failed: true }));
      expect(refused.failed).toBe(true);
    }
    await client.close();
  });

  test('there is one resource and one prompt', async () => {
    const client = await connect(mode);
    expect((await client.listResources()).resources.map(({ uri }) => uri)).toEqual(['notes://index']);
    expect((await client.readResource({ uri: 'notes://index' })).contents[0]).toMatchObject({
      text: expect.stringContaining('welcome: Welcome'),
    });
    expect((await client.listPrompts()).prompts.map(({ name }) => name)).toEqual(['summarize_note']);
    const { messages } = await client.getPrompt({ name: 'summarize_note', arguments: { id: 'welcome' } });
    expect(messages[0]?.content).toMatchObject({ type: 'text', text: expect.stringContaining('Waygate stands') });
    await client.close();
  });
});

describe('the demo tools', () => {
  test('only /mcp is there, for local hosts and origins', async () => {
    expect((await fetch(new URL('/other', demo.url))).status).toBe(404);
    const rebound = await fetch(demo.url, { method: 'POST', headers: { origin: 'https://evil.example' } });
    expect(rebound.status).toBe(403);
  });

  test('closing ends kept connections at once', async () => {
    const client = await connect('legacy');
    await client.listTools();
    await demo.close();
    await expect(fetch(demo.url)).rejects.toThrow();
    await client.close();
  });
});
