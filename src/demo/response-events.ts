import { event } from './reply.ts';
import { type OpenResponse, type OutputItem, outputText } from './response-object.ts';
import type { Plan } from './script.ts';

export interface ResponseStages {
  readonly open: OpenResponse;
  readonly item: OutputItem;
  readonly end: OpenResponse;
}

/** The events of a streamed response, numbered as they come. */
export function* responseEvents(plan: Plan, { open, item, end }: ResponseStages): Generator<string> {
  let sequence_number = 0;
  const send = ([type, fields]: Step): string => event({ type, sequence_number: sequence_number++, ...fields }, type);
  yield send(['response.created', { response: open }]);
  yield send(['response.in_progress', { response: open }]);
  for (const step of item.type === 'message' ? textSteps(plan, item) : callSteps(plan, item)) yield send(step);
  yield send(['response.output_item.done', { output_index: 0, item }]);
  yield send([end['status'] === 'completed' ? 'response.completed' : 'response.incomplete', { response: end }]);
}

type Step = readonly [type: string, fields: object];

function* textSteps(plan: Plan, item: Extract<OutputItem, { type: 'message' }>): Generator<Step> {
  const at = { item_id: item.id, output_index: 0, content_index: 0 };
  const [part] = item.content;
  yield ['response.output_item.added', { output_index: 0, item: { ...item, status: 'in_progress', content: [] } }];
  yield ['response.content_part.added', { ...at, part: outputText('') }];
  for (const delta of plan.pieces) yield ['response.output_text.delta', { ...at, delta, logprobs: [] }];
  yield ['response.output_text.done', { ...at, text: part.text, logprobs: [] }];
  yield ['response.content_part.done', { ...at, part }];
}

function* callSteps(plan: Plan, item: Extract<OutputItem, { type: 'function_call' }>): Generator<Step> {
  const at = { item_id: item.id, output_index: 0 };
  yield ['response.output_item.added', { output_index: 0, item: { ...item, status: 'in_progress', arguments: '' } }];
  for (const delta of plan.pieces) yield ['response.function_call_arguments.delta', { ...at, delta }];
  yield ['response.function_call_arguments.done', { ...at, name: item.name, arguments: item.arguments }];
}
