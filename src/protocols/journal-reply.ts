// What the whole answer to a journaled call says of it.
import type { Call } from '../core/call.ts';
import { isFields } from './fields.ts';
import { mcpResponse, mcpResult, type Recorded } from './mcp-recorded.ts';
import { parseValue } from './usage-count.ts';

/**
 * `done`: it was carried out, or failed for good, and its repeat is told the same. `open`: it was not begun, or waits for
 * more from its client, so that the next with its key is a call of its own. `unknown`: nobody can say.
 */
export type JournalReply =
  { readonly kind: 'done'; readonly failed: boolean; readonly result: unknown } | { readonly kind: 'open' | 'unknown' };

/** By these an upstream says that it did not take the call on: unknown caller, wrong host, too early, too many. */
const NOT_TAKEN_ON = new Set([401, 407, 421, 425, 429]);
/** What stands before the upstream says these: whether the call had got through nobody knows. */
const BETWEEN = new Set([502, 503, 504]);

export function journalReply(dialect: Call['dialect'], answer: Recorded & { readonly status: number }): JournalReply {
  const { status, body } = answer;
  if (NOT_TAKEN_ON.has(status)) return { kind: 'open' };
  if (BETWEEN.has(status)) return { kind: 'unknown' };
  const contentType = String(answer.headers['content-type'] ?? '');
  if (dialect === 'mcp') return mcpReply(status, body, contentType);
  const isJson = /^application\/([\w.-]+\+)?json\b/i.test(contentType);
  return { kind: 'done', failed: status >= 400, result: isJson ? parseValue(body.toString()) : undefined };
}

function mcpReply(status: number, body: Buffer, contentType: string): JournalReply {
  const response = mcpResponse(body, contentType);
  // A message that the server refuses as such was not carried out: its session has gone, or it cannot read it.
  if (status >= 400 && status < 500) return { kind: 'open' };
  if (!response) return { kind: 'unknown' };
  const { result, error } = response;
  if (isFields(result) && result['resultType'] === 'input_required') return { kind: 'open' };
  const failed = status >= 400 || error !== undefined || (isFields(result) && result['isError'] === true);
  return { kind: 'done', failed, result: mcpResult(response) };
}
