import { randomUUID } from 'node:crypto';
import { geminiRefusal } from './refusal.ts';
import { event, type Reply } from './reply.ts';
import { type ContentsRequest, contentsRequest, type GenerateRequest, generateRequest, readRequest } from './schema.ts';
import { countTokens, type Plan, planAnswer, type Prompt, type Turn } from './script.ts';

type Form = 'whole' | 'events' | 'list';

/** Answers the body of `generateContent`, whole, or of `streamGenerateContent`: as events, or as a list of chunks. */
export function answerGenerate(body: unknown, form: Form): Reply {
  const read = readRequest(generateRequest, body);
  if (!read.ok) return geminiRefusal(read.refusal);
  return FORMS[form](read.value, planOf(read.value));
}

const FORMS: Readonly<Record<Form, (request: GenerateRequest, plan: Plan) => Reply>> = {
  whole: (request, plan) => ({ kind: 'json', status: 200, body: answerOf(request, plan) }),
  events: (request, plan) => ({ kind: 'events', events: events(chunks(request, plan)) }),
  list: (request, plan) => ({
    kind: 'events',
    events: listed(chunks(request, plan)),
    contentType: 'application/json',
  }),
};

function planOf(request: GenerateRequest): Plan {
  const { model, contents, tools, generationConfig, toolConfig } = request;
  return planAnswer({
    model,
    turns: contents.flatMap(toTurns),
    tools: (tools ?? []).flatMap(({ functionDeclarations }) =>
      (functionDeclarations ?? []).map(({ name, parameters, parametersJsonSchema }) => ({
        name,
        schema: parametersJsonSchema ?? parameters,
      })),
    ),
    choice: toChoice(toolConfig?.functionCallingConfig ?? {}),
    maxTokens: generationConfig?.maxOutputTokens ?? Infinity,
    stops: generationConfig?.stopSequences ?? [],
  });
}

/** Answers the body of `countTokens`. */
export function answerCountTokens(body: unknown): Reply {
  const read = readRequest(contentsRequest, body);
  if (!read.ok) return geminiRefusal(read.refusal);
  return { kind: 'json', status: 200, body: { totalTokens: promptTokens(read.value) } };
}

function promptTokens({ contents, systemInstruction, tools }: ContentsRequest): number {
  return countTokens([systemInstruction ?? '', contents, tools ?? []]);
}

function toTurns({ role, parts }: ContentsRequest['contents'][number]): Turn[] {
  return parts.flatMap(({ text, functionResponse }): Turn[] => {
    if (functionResponse) return [{ by: 'tool', text: JSON.stringify(functionResponse.response) }];
    if (role === 'model') return [{ by: 'assistant', text: text ?? '' }];
    return text === undefined ? [] : [{ by: 'user', text }];
  });
}

type CallingConfig = NonNullable<NonNullable<GenerateRequest['toolConfig']>['functionCallingConfig']>;

function toChoice({ mode, allowedFunctionNames }: CallingConfig): Prompt['choice'] {
  const [only] = allowedFunctionNames ?? [];
  if (mode === 'ANY') return only === undefined ? 'required' : { name: only };
  return mode === 'NONE' ? 'none' : 'auto';
}

function answerOf(request: GenerateRequest, plan: Plan): object {
  const parts = partsOf(plan, plan.pieces.join(''));
  return chunk(headOf(request), { parts, finish: finishReason(plan), tokens: plan.pieces.length });
}

// A call is never sent in pieces.
function* chunks(request: GenerateRequest, plan: Plan): Generator<object> {
  if (plan.kind === 'call') {
    yield answerOf(request, plan);
    return;
  }
  const head = headOf(request);
  for (const [index, text] of plan.pieces.entries()) yield chunk(head, { parts: [{ text }], tokens: index + 1 });
  yield chunk(head, { parts: [{ text: '' }], finish: finishReason(plan), tokens: plan.pieces.length });
}

function* events(each: Iterable<object>): Generator<string> {
  for (const one of each) yield event(one);
}

function* listed(each: Iterable<object>): Generator<string> {
  let before = '[';
  for (const one of each) {
    yield before + JSON.stringify(one);
    before = ',\r\n';
  }
  yield ']';
}

function partsOf(plan: Plan, text: string): readonly object[] {
  return plan.kind === 'text' ? [{ text }] : [{ functionCall: { name: plan.tool, args: JSON.parse(text) as unknown } }];
}

function finishReason(plan: Plan): string {
  return plan.kind === 'text' && plan.finish === 'length' ? 'MAX_TOKENS' : 'STOP';
}

interface Said {
  readonly parts: readonly object[];
  /** Absent in all chunks but the last. */
  readonly finish?: string;
  /** Generated so far. */
  readonly tokens: number;
}

interface Head {
  readonly model: string;
  readonly promptTokens: number;
  readonly responseId: string;
}

function headOf(request: GenerateRequest): Head {
  return { model: request.model, promptTokens: promptTokens(request), responseId: randomUUID() };
}

function chunk({ model, promptTokens: prompt, responseId }: Head, { parts, finish, tokens }: Said): object {
  return {
    candidates: [
      { content: { parts, role: 'model' }, ...(finish !== undefined && { finishReason: finish }), index: 0 },
    ],
    usageMetadata: {
      promptTokenCount: prompt,
      candidatesTokenCount: tokens,
      totalTokenCount: prompt + tokens,
      promptTokensDetails: [{ modality: 'TEXT', tokenCount: prompt }],
    },
    modelVersion: model,
    responseId,
  };
}
