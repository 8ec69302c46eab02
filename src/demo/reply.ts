import type { ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

/** What a dialect answers: one JSON body, or pieces that are made one by one as they are sent: server-sent events unless said. */
export type Reply =
  | { readonly kind: 'json'; readonly status: number; readonly body: unknown }
  | { readonly kind: 'events'; readonly events: Iterable<string>; readonly contentType?: string };

/** A model's pace: as long as a client waits for each event. */
const PACE_MS = 15;

/** One server-sent event, with its name where the dialect names its events. */
export function event(data: unknown, name?: string): string {
  return `${name === undefined ? '' : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`;
}

/** Sends a reply; events stop where the client leaves. Resolves when nothing more will be sent. */
export async function send(reply: Reply, response: ServerResponse): Promise<void> {
  if (reply.kind === 'json') {
    response.writeHead(reply.status, { 'content-type': 'application/json' }).end(JSON.stringify(reply.body));
    return;
  }
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  response
    .writeHead(200, { 'content-type': reply.contentType ?? 'text/event-stream', 'cache-control': 'no-cache' })
    .flushHeaders();
  for (const text of reply.events) {
    await pause(PACE_MS, undefined, { signal: gone.signal }).catch(() => undefined);
    if (gone.signal.aborted) return;
    response.write(text);
  }
  response.end();
}
