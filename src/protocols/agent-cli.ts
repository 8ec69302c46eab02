// Agent CLIs that answer a refusal they take for temporary with minutes of silent retries.
import type { GatewayError } from '../core/errors.ts';
import { header, type Headers } from '../core/exchange.ts';

const AGENT_CLI = /^(claude-cli|codex|opencode|gemini|qwen|kimi)/i;
const CODEX = /^codex/i;

/** Whether the client is an agent CLI that is known to need a terminal answer. */
export function isAgentCli(headers: Headers): boolean {
  return AGENT_CLI.test(header(headers, 'user-agent') ?? '') || isCodex(headers);
}

/** Whether the client is Codex, which stops at once only on its own terminal event. */
export function isCodex(headers: Headers): boolean {
  return CODEX.test(header(headers, 'user-agent') ?? '') || CODEX.test(header(headers, 'originator') ?? '');
}

/** Whether this client must be told that trying again is of no use now. */
export function isTerminal(error: GatewayError, headers: Headers): boolean {
  return !error.retry || (error.blame === 'limit' && isAgentCli(headers));
}

/**
 * Whether an error is a refusal that this client must take as final. Agent CLIs repeat any 5xx for minutes, whatever
 * `x-should-retry` says, so a lost ledger must not look like one to them.
 */
export function isFinalRefusal(error: GatewayError, headers: Headers): boolean {
  if (error.code === 'limit.lost') return isAgentCli(headers);
  return error.blame === 'policy' || (error.blame === 'limit' && isTerminal(error, headers));
}
