// A program as `waygate run` starts it: it knows of no gateway but what its environment says.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import OpenAI from 'openai';

const [what = 'work', code = '0'] = process.argv.slice(2);
const client = new OpenAI({ maxRetries: 0 });
const messages = [{ role: 'user', content: 'hello' }];
const ask = () => client.chat.completions.create({ model: 'demo-small', max_tokens: 60, messages });

if (what === 'work') {
  await ask();
  await ask();
  const tools = new Client({ name: 'agent', version: '1' });
  const requestInit = { headers: { authorization: `Bearer ${process.env.WAYGATE_TOKEN}` } };
  await tools.connect(
    new StreamableHTTPClientTransport(new URL(`${process.env.WAYGATE_URL}/mcp/notes`), { requestInit }),
  );
  await tools.callTool({ name: 'echo', arguments: { message: 'hello' } });
  await tools.callTool({ name: 'delete_note', arguments: { id: '1' } });
  await tools.close();
  console.log(JSON.stringify(process.env));
}
if (what === 'loop') {
  console.log(process.env.WAYGATE_RUN);
  for (;;) {
    await ask().catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
if (what === 'spend') {
  let spent = 0;
  try {
    for (; spent < 50; spent += 1) await ask();
  } catch (error) {
    console.log(`${spent} calls, then ${error.status} ${error.code}`);
  }
}
if (what === 'deaf') {
  process.on('SIGTERM', () => console.log('no'));
  console.log(process.env.WAYGATE_RUN);
  setInterval(() => {}, 1_000);
}
if (what === 'signal') {
  process.once('SIGTERM', () => process.exit(42));
  await ask();
  console.log('ready');
  setInterval(() => {}, 1_000);
}
process.exitCode = Number(code);
