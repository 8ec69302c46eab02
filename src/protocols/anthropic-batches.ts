// Anthropic's message batches: `POST /messages/batches`.
// INVARIANT: every request of a batch is read as if it came alone; one that cannot be read refuses them all.
// INVARIANT: a batch is of one model, so that its budget and its permit are those of that model.
import { readMessage } from './anthropic.ts';
import { ownResults } from './anthropic-results.ts';
import { ANTHROPIC_WIRE } from './anthropic-wire.ts';
import { DEFAULT_OUTPUT_TOKENS, estimateOf } from './estimate.ts';
import { type Fields, invalid, isFields, knownKeys, readFields, readFlag, readName, refuseVariants } from './fields.ts';
import { type Edit, outline, partOf, splice } from './json-outline.ts';
import { aliasEdit, modelReading } from './model-request.ts';
import type { Protocol } from './protocol.ts';
import { createdUsage } from './usage-progress.ts';

const KNOWN = knownKeys('requests');
const KNOWN_IN_REQUEST = knownKeys('custom_id params');
const REQUESTS_MAX = 10_000;
/** Each set of parameters is decided on by itself; more would hold up other calls. */
const DISTINCT_MAX = 1_000;
const ID_MAX = 64;

export const anthropicBatches: Protocol = {
  ...ANTHROPIC_WIRE,
  dialect: 'anthropic-batches',

  read(request, _, body) {
    const fields = readFields(request, body);
    refuseVariants(fields, KNOWN);
    const messages = requestsOf(fields).map(readParams);
    const [first] = messages;
    if (!first) throw invalid('expected `requests` to have at least one request');
    const other = messages.find(({ model }) => model !== first.model);
    if (other) {
      throw invalid(
        `expected the requests of a batch to be for one model, found \`${first.model}\` and \`${other.model}\`; send a batch for each model`,
      );
    }
    const output = messages.reduce((sum, message) => sum + (message.output ?? DEFAULT_OUTPUT_TOKENS), 0);
    const content = messages.map((message) => message.content);
    return {
      ...modelReading(first.fields, {
        action: 'model.batch',
        args: { model: first.model, requests: messages.length },
        estimate: estimateOf(body.length, content, { output, choices: 1 }),
      }),
      parts: distinct(messages.map(({ args }) => args)),
    };
  },

  write(body, reading, { model }) {
    if (model === reading.resource.name) return { body, splices: [], hideUsage: false };
    return {
      body: splice(body, modelEdits(body.toString('latin1'), model)),
      splices: ['model-alias'],
      hideUsage: false,
    };
  },

  answerChange: ownResults,
  usage: createdUsage,
};

interface Message {
  readonly fields: Fields;
  readonly model: string;
  readonly args: Fields;
  readonly content: readonly unknown[];
  readonly output: number | undefined;
}

function requestsOf({ requests }: Fields): readonly Fields[] {
  if (!Array.isArray(requests) || !requests.every(isFields))
    throw invalid('expected `requests` to be a list of objects');
  if (requests.length > REQUESTS_MAX) throw invalid(`expected at most ${REQUESTS_MAX} requests in a batch`);
  const ids = new Set(requests.map((request) => readName(request['custom_id'], 'custom_id', ID_MAX)));
  if (ids.size < requests.length) throw invalid('expected each request of the batch to have a `custom_id` of its own');
  return requests;
}

function readParams(request: Fields): Message {
  refuseVariants(request, KNOWN_IN_REQUEST);
  const { params } = request;
  if (!isFields(params)) throw invalid('expected the `params` of each request of the batch to be an object');
  if (readFlag(params, 'stream')) throw invalid('expected the requests of a batch not to `stream`');
  return { fields: params, model: readName(params['model'], 'model'), ...readMessage(params) };
}

/** Requests that differ only in their content are one to the policy. */
function distinct(all: readonly Fields[]): readonly Fields[] {
  const parts = [...new Map(all.map((args) => [JSON.stringify(args), args])).values()];
  if (parts.length > DISTINCT_MAX) {
    throw invalid(`expected at most ${DISTINCT_MAX} different sets of parameters in a batch; send several batches`);
  }
  return parts;
}

function modelEdits(text: string, model: string): readonly Edit[] {
  const requests = partOf(outline(text, text.indexOf('{')), 'requests');
  return outline(text, requests?.start ?? text.length).flatMap((request) => {
    const params = partOf(outline(text, request.start), 'params');
    return params ? [aliasEdit(outline(text, params.start), model)] : [];
  });
}
