/** Requests to the demo model, as far as it reads them. Fields that it does not know pass. */
import { z } from 'zod';
import type { Refusal } from './refusal.ts';

const part = z.looseObject({ type: z.string(), text: z.string().optional() });
const content = z.union([z.string(), z.array(part)]).nullish();
export type Content = z.infer<typeof content>;

const maxTokens = z.int().min(1).nullish();
const jsonSchema = z.record(z.string(), z.unknown()).nullish();
const functionName = z.looseObject({ name: z.string() });

const chatMessage = z.looseObject({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool']),
  content,
});

/** `POST /v1/chat/completions` */
export const chatRequest = z
  .looseObject({
    model: z.string(),
    messages: z.array(chatMessage).min(1),
    max_tokens: maxTokens,
    max_completion_tokens: maxTokens,
    n: z.literal(1).nullish(),
    stop: z.union([z.string(), z.array(z.string()).max(4)]).nullish(),
    stream: z.boolean().nullish(),
    stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
    tools: z
      .array(z.looseObject({ type: z.string(), function: functionName.extend({ parameters: jsonSchema }).optional() }))
      .nullish(),
    tool_choice: z
      .union([z.enum(['none', 'auto', 'required']), z.looseObject({ function: functionName.optional() })])
      .nullish(),
  })
  .refine(({ stream, stream_options }) => stream === true || (stream_options ?? null) === null, {
    path: ['stream_options'],
    error: 'only allowed when `stream` is true',
  });

/** `POST /v1/responses`. Nothing is stored, so that there is nothing to continue or to poll. */
export const responsesRequest = z.looseObject({
  model: z.string(),
  input: z.union([
    z.string(),
    z
      .array(z.looseObject({ type: z.string().optional(), role: z.string().optional(), content, output: content }))
      .min(1),
  ]),
  instructions: z.string().nullish(),
  max_output_tokens: maxTokens,
  previous_response_id: z.null('not supported: this demo stores no responses').optional(),
  background: z.literal(false, 'not supported: this demo stores no responses').nullish(),
  stream: z.boolean().nullish(),
  tools: z.array(z.looseObject({ type: z.string(), name: z.string().optional(), parameters: jsonSchema })).nullish(),
  tool_choice: z
    .union([z.enum(['none', 'auto', 'required']), z.looseObject({ name: z.string().optional() })])
    .nullish(),
});

/** `POST /v1/embeddings` */
export const embeddingsRequest = z.looseObject({
  model: z.string(),
  input: z.union([z.string(), z.array(z.string()).min(1).max(2_048)]),
  dimensions: z.int().min(1).max(3_072).nullish(),
  encoding_format: z.enum(['float', 'base64']).nullish(),
});

const block = part.extend({ content: z.union([z.string(), z.array(part)]).optional() });

/** `POST /v1/messages/count_tokens` */
export const countRequest = z.looseObject({
  model: z.string(),
  messages: z
    // Claude Code tells the model of its surroundings as `system`, between the other messages.
    .array(
      z.looseObject({ role: z.enum(['user', 'assistant', 'system']), content: z.union([z.string(), z.array(block)]) }),
    )
    .min(1),
  system: content,
  tools: z.array(z.looseObject({ name: z.string(), input_schema: jsonSchema })).nullish(),
  tool_choice: z.looseObject({ type: z.enum(['auto', 'any', 'tool', 'none']), name: z.string().optional() }).nullish(),
});

/** `POST /v1/messages` */
export const messagesRequest = countRequest.extend({
  max_tokens: z.int().min(1),
  stop_sequences: z.array(z.string()).nullish(),
  stream: z.boolean().nullish(),
});

const googlePart = z.looseObject({
  text: z.string().optional(),
  functionResponse: z.looseObject({ response: z.unknown() }).optional(),
});
const googleContent = z.looseObject({ role: z.string().optional(), parts: z.array(googlePart) });

/** `POST /v1beta/models/<model>:countTokens`; the model comes from the path. */
export const contentsRequest = z.looseObject({
  model: z.string(),
  contents: z.array(googleContent).min(1),
  systemInstruction: googleContent.optional(),
  tools: z
    .array(
      z.looseObject({
        functionDeclarations: z
          .array(functionName.extend({ parameters: jsonSchema, parametersJsonSchema: jsonSchema }))
          .optional(),
      }),
    )
    .optional(),
});

/** `POST /v1beta/models/<model>:generateContent` and `:streamGenerateContent` */
export const generateRequest = contentsRequest.extend({
  toolConfig: z
    .looseObject({
      functionCallingConfig: z
        .looseObject({
          mode: z.enum(['AUTO', 'ANY', 'NONE', 'VALIDATED']).optional(),
          allowedFunctionNames: z.array(z.string()).optional(),
        })
        .optional(),
    })
    .optional(),
  generationConfig: z
    .looseObject({
      maxOutputTokens: z.int().min(1).optional(),
      candidateCount: z.literal(1).optional(),
      stopSequences: z.array(z.string()).optional(),
    })
    .optional(),
});

const embedding = z.looseObject({
  content: googleContent,
  outputDimensionality: z.int().min(1).max(3_072).optional(),
});

/** `POST /v1beta/models/<model>:embedContent` */
export const embedRequest = embedding.extend({ model: z.string() });

/** `POST /v1beta/models/<model>:batchEmbedContents` */
export const batchEmbedRequest = z.looseObject({ model: z.string(), requests: z.array(embedding).min(1) });

export type ContentsRequest = z.infer<typeof contentsRequest>;
export type GenerateRequest = z.infer<typeof generateRequest>;
export type EmbedRequest = z.infer<typeof embedding>;
export type ChatRequest = z.infer<typeof chatRequest>;
export type ResponsesRequest = z.infer<typeof responsesRequest>;
export type CountRequest = z.infer<typeof countRequest>;
export type MessagesRequest = z.infer<typeof messagesRequest>;

export const MODELS: readonly string[] = ['demo-small', 'demo-large'];

export type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal };

/** A request for one of the demo's models, or why it is none. */
export function readRequest<T extends { readonly model: string }>(schema: z.ZodType<T>, body: unknown): Read<T> {
  const parsed = schema.safeParse(body);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const param = issue?.path.join('.') || 'body';
    return { ok: false, refusal: { status: 400, message: issue?.message ?? 'invalid request', param } };
  }
  if (MODELS.includes(parsed.data.model)) return { ok: true, value: parsed.data };
  const message = `the model \`${parsed.data.model}\` does not exist; there are \`${MODELS.join('`, `')}\``;
  return { ok: false, refusal: { status: 404, message, param: 'model', code: 'model_not_found' } };
}
