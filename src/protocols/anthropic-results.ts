// Where the results of a message batch are. Anthropic states its own address, and SDKs go there with the caller's token.
import type { Call } from '../core/call.ts';
import { isFields } from './fields.ts';
import { type Edit, isArrayAt, outline, partOf, splice } from './json-outline.ts';
import { nameIn, readList } from './narrow.ts';

const BATCH_ID = /^[A-Za-z0-9_-]{1,128}$/;
const RESULTS = /\/results$/;

/** How the answer to a call about message batches is changed: each `results_url` becomes a path below the client's own base address. */
export function ownResults({ access, dialect }: Call): ((body: Buffer) => Buffer) | undefined {
  const { name } = access.resource;
  const isAboutBatches = dialect === 'anthropic-batches' || name.startsWith('messages/batches');
  return isAboutBatches && !RESULTS.test(name) ? withOwnResults : undefined;
}

function withOwnResults(body: Buffer): Buffer {
  const answer = readList(body);
  if (!isFields(answer)) return body;
  const text = body.toString('latin1');
  const open = text.indexOf('{');
  const data = partOf(outline(text, open), 'data');
  const elements = data && isArrayAt(text, data) ? outline(text, data.start) : [];
  const batches = Array.isArray(answer['data']) ? (answer['data'] as readonly unknown[]) : [];
  const edits = [
    ...resultsEdit(text, open, answer),
    ...elements.flatMap(({ start }, index) => resultsEdit(text, start, batches[index])),
  ];
  return edits.length === 0 ? body : splice(body, edits);
}

function resultsEdit(text: string, open: number, batch: unknown): readonly Edit[] {
  if (!isFields(batch) || typeof batch['results_url'] !== 'string') return [];
  const part = partOf(outline(text, open), 'results_url');
  const id = nameIn(batch, 'id');
  const path = id !== undefined && BATCH_ID.test(id) ? `/v1/messages/batches/${id}/results` : null;
  return part ? [{ start: part.start, end: part.end, text: JSON.stringify(path) }] : [];
}
