// The recorded answer to one MCP request, as the answer to another that is its repeat.
import type { Answer } from '../core/exchange.ts';
import { type Fields, isFields } from './fields.ts';
import { outline, partOf, splice } from './json-outline.ts';
import { changeEvents } from './sse.ts';
import { parseObject, parseValue } from './usage-count.ts';

/** The response in a body: of a stream the last event that is one. Undefined where it has none. */
export function mcpResponse(body: Buffer, contentType: string): Fields | undefined {
  if (!isEvents(contentType)) return responseOf(body.toString());
  let found: Fields | undefined;
  changeEvents(body.toString(), (data) => {
    found = responseOf(data) ?? found;
    return data;
  });
  return found;
}

/**
 * The body with the id of the new request, which is JSON, in its response. What a stream told beside it (progress, questions
 * of the server, places to go on from) was for the first request alone and is left out.
 */
export function mcpRecorded({ headers, body }: Recorded, id: string): Buffer {
  if (!isEvents(String(headers['content-type'] ?? ''))) return withId(body, id);
  let last = '';
  changeEvents(body.toString(), (data) => {
    if (responseOf(data)) last = data;
    return data;
  });
  const data = withId(Buffer.from(last), id).toString();
  const lines = data.split('\n').map((line) => `data: ${line}\n`);
  return Buffer.from(`event: message\n${lines.join('')}\n`);
}

export interface Recorded {
  readonly headers: Answer['headers'];
  readonly body: Buffer;
}

/** What a tool gave back: its structured content, else the JSON in its first text. Undefined where it is neither. */
export function mcpResult({ result }: Fields): unknown {
  if (!isFields(result)) return undefined;
  if (result['structuredContent'] !== undefined) return result['structuredContent'];
  const content: readonly unknown[] = Array.isArray(result['content']) ? result['content'] : [];
  const text = content.find((one) => isFields(one) && one['type'] === 'text') as Fields | undefined;
  return typeof text?.['text'] === 'string' ? parseValue(text['text']) : undefined;
}

function isEvents(contentType: string): boolean {
  return /^text\/event-stream\s*(;|$)/i.test(contentType);
}

function responseOf(text: string): Fields | undefined {
  const message = parseObject(text);
  if (!message || 'method' in message) return undefined;
  return 'result' in message || isFields(message['error']) ? message : undefined;
}

function withId(message: Buffer, id: string): Buffer {
  const text = message.toString('latin1');
  const part = partOf(outline(text, text.indexOf('{')), 'id');
  return part ? splice(message, [{ start: part.start, end: part.end, text: id }]) : message;
}
