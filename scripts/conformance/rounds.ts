// Tools and a prompt that ask their client for something before they answer (MCP 2026-07-28, multi-round-trip requests).
import { randomBytes } from 'node:crypto';
import {
  createRequestStateCodec,
  fromJsonSchema,
  type InputRequests,
  type InputRequiredResult,
  inputRequired,
  type McpServer,
  type ServerContext,
} from '@modelcontextprotocol/server';

interface Round {
  readonly round: number;
}

/** Seals what such a tool remembers between two rounds; what was tampered with is refused. */
export const states = createRequestStateCodec<Round>({ key: randomBytes(32) });

const none = fromJsonSchema<Record<string, never>>({ type: 'object', properties: {} });
const said = (text: string) => ({ content: [{ type: 'text' as const, text }] });

const form = (message: string, field: string) =>
  inputRequired.elicit({
    message,
    requestedSchema: { type: 'object', properties: { [field]: { type: 'string' } }, required: [field] },
  });
const confirmation = inputRequired.elicit({
  message: 'Please confirm',
  requestedSchema: { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] },
});
const sample = (text: string) =>
  inputRequired.createMessage({ messages: [{ role: 'user', content: { type: 'text', text } }], maxTokens: 100 });

/** What each tool asks for, and whether it remembers something meanwhile. */
const ASKING: Readonly<Record<string, { readonly asks: InputRequests; readonly remembers: boolean }>> = {
  elicitation: { asks: { user_name: form('What is your name?', 'name') }, remembers: false },
  sampling: { asks: { capital: sample('What is the capital of France?') }, remembers: false },
  list_roots: { asks: { roots: inputRequired.listRoots() }, remembers: false },
  request_state: { asks: { confirm: confirmation }, remembers: true },
  tampered_state: { asks: { confirm: confirmation }, remembers: true },
  multiple_inputs: {
    asks: {
      user_name: form('What is your name?', 'name'),
      greeting: sample('Greet the user.'),
      roots: inputRequired.listRoots(),
    },
    remembers: true,
  },
};

export function registerRounds(server: McpServer): void {
  for (const [name, { asks, remembers }] of Object.entries(ASKING)) {
    const tool = `test_input_required_result_${name}`;
    server.registerTool(tool, { description: 'Asks first.', inputSchema: none }, async (_, context) => {
      const { inputResponses } = context.mcpReq;
      if (Object.keys(asks).some((key) => inputResponses?.[key] === undefined)) {
        return ask(asks, remembers ? 1 : undefined, context);
      }
      const isKept = remembers && context.mcpReq.requestState<Round>()?.round === 1;
      return said(`${isKept ? 'state-ok ' : ''}${JSON.stringify(inputResponses)}`);
    });
  }
  registerSteps(server);
  server.registerPrompt(
    'test_input_required_result_prompt',
    { description: 'Asks first.' },
    (context): ReturnType<typeof promptOf> | InputRequiredResult => {
      const answer = context.mcpReq.inputResponses?.['user_context'];
      if (answer !== undefined) return promptOf(JSON.stringify(answer));
      const question = form('What context should the prompt use?', 'context');
      return inputRequired({ inputRequests: { user_context: question } });
    },
  );
}

function registerSteps(server: McpServer): void {
  const tool = 'test_input_required_result_multi_round';
  server.registerTool(tool, { description: 'Asks twice.', inputSchema: none }, async (_, context) => {
    const round = context.mcpReq.requestState<Round>()?.round ?? 0;
    if (round === 0) return ask({ step1: form('Step 1: What is your name?', 'name') }, 1, context);
    if (round === 1) return ask({ step2: form('Step 2: What is your favorite color?', 'color') }, 2, context);
    return said(JSON.stringify(context.mcpReq.inputResponses));
  });
}

async function ask(
  inputRequests: InputRequests,
  round: number | undefined,
  context: ServerContext,
): Promise<InputRequiredResult> {
  if (round === undefined) return inputRequired({ inputRequests });
  return inputRequired({ inputRequests, requestState: await states.mint({ round }, context) });
}

const promptOf = (text: string) => ({
  messages: [{ role: 'user' as const, content: { type: 'text' as const, text } }],
});
