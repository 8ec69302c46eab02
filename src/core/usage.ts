import type { MicroUsd } from './money.ts';
import type { ToolAsk } from './tool-traffic.ts';

/** Tokens as the provider counted them, each token in exactly one class. Integers. */
export interface Usage {
  /** Fresh input tokens: neither read from nor written to a cache. */
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  /** All output tokens, reasoning included. */
  readonly output: number;
  /** Of the output: reasoning tokens. */
  readonly reasoning: number;
}

export const NO_USAGE: Usage = { input: 0, cacheRead: 0, cacheWrite: 0, output: 0, reasoning: 0 };

export function totalTokens(usage: Usage): number {
  return usage.input + usage.cacheRead + usage.cacheWrite + usage.output;
}

/** What a call may use at worst, read from its request. */
export interface Estimate {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Of the input: what may be sound or pictures, which some models charge more for. Absent for none. */
  readonly mediaTokens?: number;
  /** What a price per request is multiplied by, e.g. images asked for; one unless said. */
  readonly units?: number;
}

export const NO_ESTIMATE: Estimate = { inputTokens: 0, outputTokens: 0 };

/** What a call takes from the quotas: at worst (a quote, before it) or truly (after it). Integers. */
export interface Charge {
  readonly tokens: number;
  readonly money: MicroUsd;
}

/** What the tap saw of an answer. */
export interface Metered {
  readonly usage: Usage;
  readonly charge: Charge;
  /** True where the provider did not say and the amount was reckoned from what was seen. */
  readonly estimated: boolean;
  /** Model that the provider says it used. */
  readonly model: string | undefined;
  readonly responseId: string | undefined;
  readonly finishReasons: readonly string[];
  /** Of a tool: `tool_error` where it says that it failed, or the code of a JSON-RPC error. */
  readonly failure?: string;
  /** Of a model: the tools that it asks for. Absent for none. */
  readonly toolUses?: readonly ToolAsk[];
  /** SHA-256 of what the answer says, in hex, where it was asked for. */
  readonly resultDigest?: string;
}
