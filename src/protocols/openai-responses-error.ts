// Errors of the responses dialect. Codex repeats a refusal five times unless it is a 400 or its own terminal event.
import type { GatewayError } from '../core/errors.ts';
import { isCodex, isFinalRefusal } from './agent-cli.ts';
import { errorHeaders, publicMessage } from './error-text.ts';
import { openaiErrorObject } from './openai-error.ts';
import type { ErrorContext, WireError } from './protocol.ts';

/** Whether Codex has to be told by its own event. */
export function isForCodex(error: GatewayError, context: ErrorContext): boolean {
  return isRefusal(error, context) && isCodex(context.headers);
}

/** Status of an error before the first byte. */
export function responsesStatus(error: GatewayError, context: ErrorContext): number {
  return isRefusal(error, context) ? 400 : error.status;
}

// A model that is not here will not be there at the next try either. Codex repeats whatever is not a 400: only a 401 is left
// to it, for which it may find another token.
function isRefusal(error: GatewayError, { headers }: ErrorContext): boolean {
  if (error.code === 'route.model' || isFinalRefusal(error, headers)) return true;
  return error.blame === 'caller' && error.status !== 401 && isCodex(headers);
}

/** A stream whose only event is the refusal. */
export function responseFailed(error: GatewayError, context: ErrorContext): WireError {
  return {
    status: 200,
    headers: {
      ...errorHeaders(error, context),
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache',
      'x-request-id': context.requestId,
    },
    body: failedEvent(error, context),
  };
}

/** The event that ends a stream which broke. The blank lines before it end an event that was cut off. */
export function responsesStreamError(error: GatewayError, context: ErrorContext): string {
  if (isCodex(context.headers)) return `\n\n${failedEvent(error, context)}`;
  const data = { ...openaiErrorObject(error), type: 'error', sequence_number: 0 };
  return `\n\nevent: error\ndata: ${JSON.stringify(data)}\n\n`;
}

function failedEvent(error: GatewayError, context: ErrorContext): string {
  const code = isRefusal(error, context) ? 'invalid_prompt' : 'server_error';
  const response = {
    id: `resp_${context.requestId}`,
    object: 'response',
    created_at: 0,
    status: 'failed',
    error: { code, message: publicMessage(error) },
    incomplete_details: null,
    instructions: null,
    max_output_tokens: null,
    metadata: {},
    model: context.call?.model ?? '',
    output: [],
    parallel_tool_calls: true,
    previous_response_id: null,
    temperature: null,
    tool_choice: 'auto',
    tools: [],
    top_p: null,
    usage: null,
  };
  const data = { type: 'response.failed', sequence_number: 0, response };
  return `event: response.failed\ndata: ${JSON.stringify(data)}\n\n`;
}
