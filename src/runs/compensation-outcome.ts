// What the answer to a compensation, or the want of one, says of what it did.
// INVARIANT: `failed` is said only of what surely changed nothing.
import type { GatewayError } from '../core/errors.ts';
import { header } from '../core/exchange.ts';
import { isFields } from '../protocols/fields.ts';
import { journalReply } from '../protocols/journal-reply.ts';
import { mcpResponse } from '../protocols/mcp-recorded.ts';
import type { CompensationAnswer } from './compensation-answer.ts';
import type { ToolOutcome } from './journal-rollback.ts';
import { NOT_REACHED } from './journal-ticket.ts';

/** JSON-RPC codes of a message that was not taken on: unreadable, unknown method, or not what the tool takes. */
const NOT_TAKEN_ON: ReadonlySet<unknown> = new Set([-32_700, -32_600, -32_601, -32_602]);
const TEXT_MAX = 300;

export function outcomeOf({ status, headers, body }: CompensationAnswer): ToolOutcome {
  const reply = journalReply('mcp', { status, headers, body });
  const response = mcpResponse(body, header(headers, 'content-type') ?? '');
  const said = response && textOf(response);
  switch (reply.kind) {
    case 'open':
      return { kind: 'failed', because: said ?? `its upstream did not take it on (status ${status})` };
    case 'unknown':
      return { kind: 'unknown', because: `its upstream answered with ${status} and no result` };
    case 'done':
      if (!reply.failed) return { kind: 'done' };
      return { kind: isRefusal(status, response) ? 'failed' : 'unknown', because: said ?? 'it says no reason' };
    default:
      return reply satisfies never;
  }
}

/** Of a call that the gateway refused, or that has no whole answer. `wasSent` is false where it did not leave the gateway. */
export function outcomeOfError(error: GatewayError, wasSent: boolean): ToolOutcome {
  // The key of a compensation is its own: whoever has it may have carried it out.
  if (error.code === 'journal.unknown') return { kind: 'unknown', because: error.message };
  if (!wasSent || NOT_REACHED.has(error.code)) return notSent(error);
  return { kind: 'unknown', because: error.message };
}

export function notSent({ message }: GatewayError): ToolOutcome {
  return { kind: 'failed', because: message };
}

function isRefusal(status: number, response: ReturnType<typeof mcpResponse>): boolean {
  if (status !== 200 || !response) return false;
  const { result, error } = response;
  if (isFields(error)) return NOT_TAKEN_ON.has(error['code']);
  return isFields(result) && result['isError'] === true;
}

/** In a server's own words. */
function textOf({ result, error }: NonNullable<ReturnType<typeof mcpResponse>>): string | undefined {
  if (isFields(error)) return clipped(error['message']);
  if (!isFields(result)) return undefined;
  if (result['resultType'] === 'input_required') return 'it asks its caller for more, and nobody is there to give it';
  const content: readonly unknown[] = Array.isArray(result['content']) ? result['content'] : [];
  return content.flatMap((one) => (isFields(one) && clipped(one['text'])) || [])[0];
}

function clipped(text: unknown): string | undefined {
  return typeof text === 'string' && text !== '' ? text.slice(0, TEXT_MAX) : undefined;
}
