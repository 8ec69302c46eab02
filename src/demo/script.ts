/**
 * What the demo model says, whatever the dialect: it calls a tool that the user names, tells what a tool returned, and
 * otherwise repeats what it was asked.
 * INVARIANT: the same prompt gets the same words, so that examples and tests can quote them.
 */
import { argumentsFor, findMention, type Tool } from './tool-choice.ts';

/** One thing said so far, oldest first. */
export interface Turn {
  readonly by: 'user' | 'assistant' | 'tool' | 'system';
  readonly text: string;
}

export interface Prompt {
  readonly model: string;
  readonly turns: readonly Turn[];
  readonly tools: readonly Tool[];
  /** Whether a tool must, may or must not be called; or the one that must. */
  readonly choice: 'auto' | 'required' | 'none' | { readonly name: string };
  /** Infinity where the request has no limit. */
  readonly maxTokens: number;
  readonly stops: readonly string[];
}

/** What is said: each piece is one token and one event of a stream. */
export type Plan =
  | { readonly kind: 'call'; readonly tool: string; readonly pieces: readonly string[] }
  | {
      readonly kind: 'text';
      readonly pieces: readonly string[];
      readonly finish: 'end' | 'length' | { readonly stop: string };
    };

const ASKED_CHARS_MAX = 4_000;
const QUOTED_CHARS_MAX = 300;
const TOKEN = /\s*\S{1,5}|\s+/gu;

function pieces(text: string): string[] {
  return text.match(TOKEN) ?? [];
}

/** Tokens of anything that is JSON, by the demo model's own count. */
export function countTokens(value: unknown): number {
  return pieces(JSON.stringify(value)).length;
}

export function planAnswer(prompt: Prompt): Plan {
  const { turns, maxTokens } = prompt;
  const results = turns
    .slice(turns.findLastIndex(({ by }) => by === 'assistant') + 1)
    .filter(({ by }) => by === 'tool');
  // A result is always answered in text: a client that forces a tool would otherwise never come to an end.
  if (results.length > 0) return say(`The tool returned: ${quote(results.map(({ text }) => text).join('; '))}`, prompt);
  const asked = cut(turns.findLast(({ by }) => by === 'user')?.text ?? '', ASKED_CHARS_MAX);
  const tool = chooseTool(prompt, asked);
  if (tool === undefined) {
    const hint = 'I am a demo: give me tools and name one, and I will call it.';
    return say(`Hello from ${prompt.model}. You said: “${quote(asked)}”. ${hint}`, prompt);
  }
  const written = pieces(argumentsFor(tool, asked));
  if (written.length > maxTokens) return say(`A call of ${tool.name} does not fit into so few tokens.`, prompt);
  return { kind: 'call', tool: tool.name, pieces: written };
}

function chooseTool({ tools, choice }: Prompt, asked: string): Tool | undefined {
  if (choice === 'none') return undefined;
  if (typeof choice === 'object') return tools.find(({ name }) => name === choice.name);
  const mentioned = tools
    .map((tool) => ({ tool, at: findMention(tool.name, asked)?.at ?? Infinity }))
    .filter(({ at }) => at < Infinity)
    .sort((a, b) => a.at - b.at);
  return mentioned[0]?.tool ?? (choice === 'required' ? tools[0] : undefined);
}

function say(text: string, { maxTokens, stops }: Prompt): Plan {
  const stop = stops
    .filter((sequence) => sequence !== '' && text.includes(sequence))
    .sort((a, b) => text.indexOf(a) - text.indexOf(b))[0];
  const all = pieces(stop === undefined ? text : text.slice(0, text.indexOf(stop)));
  if (all.length > maxTokens) return { kind: 'text', pieces: all.slice(0, maxTokens), finish: 'length' };
  return { kind: 'text', pieces: all, finish: stop === undefined ? 'end' : { stop } };
}

function quote(text: string): string {
  return text.length <= QUOTED_CHARS_MAX ? text : `${cut(text, QUOTED_CHARS_MAX)}…`;
}

function cut(text: string, chars: number): string {
  return text.slice(0, chars).toWellFormed();
}
