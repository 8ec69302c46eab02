import { setTimeout as sleep } from 'node:timers/promises';
import { type CallToolResult, fromJsonSchema, type McpServer, type ServerContext } from '@modelcontextprotocol/server';

/** One pixel, and a tenth of a second of silence. */
export const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
export const WAV = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=';

type Content = CallToolResult['content'];
const text = (words: string) => ({ type: 'text', text: words }) as const;
const image = { type: 'image', data: PNG, mimeType: 'image/png' } as const;
const resource = (uri: string, words: string) =>
  ({ type: 'resource', resource: { uri, mimeType: 'text/plain', text: words } }) as const;
const none = fromJsonSchema<Record<string, never>>({ type: 'object', properties: {} });

const FIXED: Readonly<Record<string, Content>> = {
  test_simple_text: [text('This is a simple text response for testing.')],
  test_image_content: [image],
  test_audio_content: [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }],
  test_embedded_resource: [resource('test://embedded-resource', 'This is an embedded resource content.')],
  test_multiple_content_types: [
    text('Multiple content types test:'),
    image,
    resource('test://mixed-content-resource', '{"test":"data","value":123}'),
  ],
};

export function registerTools(server: McpServer): void {
  for (const [name, content] of Object.entries(FIXED)) {
    server.registerTool(name, { description: name, inputSchema: none }, () => ({ content }));
  }
  server.registerTool('test_error_handling', { description: 'Fails.', inputSchema: none }, () => ({
    isError: true,
    content: [text('This tool intentionally returns an error for testing')],
  }));
  registerNotifying(server);
  registerAsking(server);
  server.registerTool(
    'json_schema_2020_12_tool',
    {
      description: 'Takes a schema of 2020-12.',
      inputSchema: fromJsonSchema<{ name?: string }>({
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        type: 'object',
        $defs: { address: { type: 'object', properties: { street: { type: 'string' }, city: { type: 'string' } } } },
        properties: { name: { type: 'string' }, address: { $ref: '#/$defs/address' } },
        additionalProperties: false,
      }),
    },
    () => ({ content: [text('taken')] }),
  );
}

function registerNotifying(server: McpServer): void {
  server.registerTool('test_tool_with_logging', { description: 'Logs.', inputSchema: none }, async (_, context) => {
    for (const data of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
      await context.mcpReq.notify({ method: 'notifications/message', params: { level: 'info', data } });
      await sleep(50);
    }
    return { content: [text('logged')] };
  });
  server.registerTool('test_tool_with_progress', { description: 'Reports.', inputSchema: none }, async (_, context) => {
    const progressToken = context.mcpReq._meta?.progressToken;
    for (const progress of progressToken === undefined ? [] : [0, 50, 100]) {
      const params = { progressToken, progress, total: 100 };
      await context.mcpReq.notify({ method: 'notifications/progress', params });
      await sleep(50);
    }
    return { content: [text(String(progressToken))] };
  });
}

const STATUS = ['active', 'inactive', 'pending'];
const object = (properties: object) => ({ type: 'object', properties }) as never;
const ELICITATIONS: Readonly<Record<string, { readonly message: string; readonly schema: never }>> = {
  test_elicitation_sep1034_defaults: {
    message: 'Defaults',
    schema: object({
      name: { type: 'string', default: 'John Doe' },
      age: { type: 'integer', default: 30 },
      score: { type: 'number', default: 95.5 },
      status: { type: 'string', enum: STATUS, default: 'active' },
      verified: { type: 'boolean', default: true },
    }),
  },
  test_elicitation_sep1330_enums: {
    message: 'Enums',
    schema: object({
      untitledSingle: { type: 'string', enum: ['option1', 'option2', 'option3'] },
      titledSingle: {
        type: 'string',
        oneOf: [
          { const: 'value1', title: 'First' },
          { const: 'value2', title: 'Second' },
        ],
      },
      legacyEnum: { type: 'string', enum: ['opt1', 'opt2'], enumNames: ['One', 'Two'] },
      untitledMulti: { type: 'array', items: { type: 'string', enum: ['option1', 'option2', 'option3'] } },
      titledMulti: {
        type: 'array',
        items: {
          anyOf: [
            { const: 'value1', title: 'First' },
            { const: 'value2', title: 'Second' },
          ],
        },
      },
    }),
  },
};

// Left alone, the SDK asks on the session's GET stream, and drops the question where the client has not opened that yet.
const within = (context: ServerContext) => ({ relatedRequestId: context.mcpReq.id });

function registerAsking(server: McpServer): void {
  const prompt = fromJsonSchema<{ prompt: string }>({
    type: 'object',
    properties: { prompt: { type: 'string' } },
    required: ['prompt'],
  });
  server.registerTool(
    'test_sampling',
    { description: 'Asks the model.', inputSchema: prompt },
    async (args, context) => {
      const question = { messages: [{ role: 'user' as const, content: text(args.prompt) }], maxTokens: 100 };
      const answer = await context.mcpReq.requestSampling(question, within(context));
      return { content: [text(`LLM response: ${JSON.stringify(answer.content)}`)] };
    },
  );
  const message = fromJsonSchema<{ message: string }>({
    type: 'object',
    properties: { message: { type: 'string' } },
    required: ['message'],
  });
  server.registerTool(
    'test_elicitation',
    { description: 'Asks the user.', inputSchema: message },
    async (args, context) => {
      const requestedSchema = object({ username: { type: 'string' }, email: { type: 'string' } });
      const answer = await context.mcpReq.elicitInput({ message: args.message, requestedSchema }, within(context));
      return { content: [text(`User response: ${JSON.stringify(answer)}`)] };
    },
  );
  for (const [name, { message: question, schema }] of Object.entries(ELICITATIONS)) {
    server.registerTool(name, { description: name, inputSchema: none }, async (_, context) => {
      const answer = await context.mcpReq.elicitInput({ message: question, requestedSchema: schema }, within(context));
      return { content: [text(`Elicitation completed: ${JSON.stringify(answer)}`)] };
    });
  }
}
