// What `waygate connect` prints, and nothing else, in the environment of a process that uses the client's own package.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CLIENT_POLICY, type DemoGateway, startDemoGateway } from '../support/demo.ts';
import { token } from '../support/waygate.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

let gateway: DemoGateway;
let bearer: string;

beforeAll(async () => {
  gateway = await startDemoGateway({ policies: { 'clients.yaml': CLIENT_POLICY } });
  bearer = await token();
});
afterAll(() => gateway.stop());

const ASK = "messages: [{ role: 'user', content: 'hello' }]";
const PROGRAMS: readonly (readonly [string, string])[] = [
  [
    'openai',
    `import OpenAI from 'openai';
     const answer = await new OpenAI().chat.completions.create({ model: 'demo-small', ${ASK} });
     console.log(answer.choices[0].message.content);`,
  ],
  [
    'anthropic',
    `import Anthropic from '@anthropic-ai/sdk';
     const answer = await new Anthropic().messages.create({ model: 'demo-small', max_tokens: 100, ${ASK} });
     console.log(answer.content[0].text);`,
  ],
  [
    'ai-sdk',
    `import { openai } from '@ai-sdk/openai';
     import { generateText } from 'ai';
     console.log((await generateText({ model: openai('demo-small'), prompt: 'hello' })).text);`,
  ],
  [
    'ai-sdk --protocol anthropic',
    `import { anthropic } from '@ai-sdk/anthropic';
     import { generateText } from 'ai';
     console.log((await generateText({ model: anthropic('demo-small'), prompt: 'hello' })).text);`,
  ],
  [
    'langchain',
    `import { ChatOpenAI } from '@langchain/openai';
     console.log((await new ChatOpenAI({ model: 'demo-small' }).invoke('hello')).text);`,
  ],
  [
    'openai-agents',
    `import { Agent, run } from '@openai/agents';
     console.log((await run(new Agent({ name: 'a', model: 'demo-small' }), 'hello')).finalOutput);`,
  ],
  [
    'google-genai',
    `import { GoogleGenAI } from '@google/genai';
     const { models } = new GoogleGenAI({});
     console.log((await models.generateContent({ model: 'demo-small', contents: 'hello' })).text);`,
  ],
  [
    'openai --upstream demo',
    `import OpenAI from 'openai';
     console.log((await new OpenAI().responses.create({ model: 'demo-small', input: 'hello' })).output_text);`,
  ],
];

const execute = promisify(execFile);

describe('what is printed connects the client', () => {
  test.each(PROGRAMS)('%s', async (client, program) => {
    const script = `set -e; cd "$DIR"; settings=$("$NODE" "$MAIN" connect ${client}); eval "$settings"; cd "$ROOT"
      exec "$NODE" --input-type=module -e "$PROGRAM"`;
    const { dir } = gateway.waygate;
    const env = { WAYGATE_TOKEN: bearer, HOME: dir, DIR: dir, NODE: process.execPath, MAIN, ROOT, PROGRAM: program };
    const { stdout, stderr } = await execute('/bin/sh', ['-c', script], { env, timeout: 25_000 });
    expect(stdout).toContain('Hello from demo-small. You said: “hello”.');
    expect(stderr).not.toContain(bearer);
  });
});
