// What goes over the wire in every row: the same request, the same answer.

const REQUEST_BYTES = 2_048;
const ANSWER_BYTES = 622;
const EVENT_COUNT = 200;

const WORDS = 'the quick brown fox jumps over the lazy dog and then thinks about what it has done ';

function filler(bytes: number): string {
  return WORDS.repeat(Math.ceil(bytes / WORDS.length)).slice(0, bytes);
}

/** JSON of exactly so many bytes: `make` gets the text that fills it up. */
function sized(bytes: number, make: (fill: string) => object): string {
  return JSON.stringify(make(filler(bytes - JSON.stringify(make('')).length)));
}

const TOOL = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Current weather of a place.',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' }, unit: { type: 'string', enum: ['celsius', 'fahrenheit'] } },
      required: ['city'],
      additionalProperties: false,
    },
  },
};

/** How a stream comes: as fast as it can, an event every 5 ms, or one event and then nothing. */
export const PACES = ['burst', 'paced', 'hold'] as const;
export type Pace = (typeof PACES)[number];

/** A chat request of 2,048 bytes with eight turns and one tool. */
export function chatRequest(mode: 'json' | Pace): string {
  return sized(REQUEST_BYTES, (fill) => ({
    model: 'bench-1',
    messages: [
      { role: 'system', content: 'You are a helpful assistant.' },
      ...Array.from({ length: 6 }, (_, turn) => ({
        role: turn % 2 === 0 ? 'user' : 'assistant',
        content: `${turn}: ${filler(120)}`,
      })),
      { role: 'user', content: fill },
    ],
    tools: [TOOL],
    temperature: 0.2,
    max_tokens: 256,
    ...(mode === 'json' ? {} : { user: mode, stream: true, stream_options: { include_usage: true } }),
  }));
}

const USAGE = {
  prompt_tokens: 512,
  completion_tokens: 64,
  total_tokens: 576,
  prompt_tokens_details: { cached_tokens: 128 },
  completion_tokens_details: { reasoning_tokens: 0 },
};

/** A chat completion of 622 bytes. */
export const ANSWER = sized(ANSWER_BYTES, (content) => ({
  id: 'chatcmpl-bench',
  object: 'chat.completion',
  created: 1_790_000_000,
  model: 'bench-1',
  choices: [
    { index: 0, message: { role: 'assistant', content, refusal: null }, logprobs: null, finish_reason: 'stop' },
  ],
  usage: USAGE,
}));

function chunk(delta: object, more: object = {}): string {
  const head = { id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1_790_000_000, model: 'bench-1' };
  const choices = [{ index: 0, delta, logprobs: null, finish_reason: null }];
  return `data: ${JSON.stringify({ ...head, choices, usage: null, ...more })}\n\n`;
}

/** The same answer as a stream: 200 events, one with the usage, and the end. */
export const EVENTS: readonly string[] = [
  ...Array.from({ length: EVENT_COUNT }, (_, index) => chunk({ content: `word ${index} ` })),
  chunk({}, { choices: [], usage: USAGE }),
  'data: [DONE]\n\n',
];
