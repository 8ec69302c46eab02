// Lists of tools, prompts and resources, cut down to what a caller may use.
import type { ResourceKind } from '../core/access.ts';
import { isFields } from './fields.ts';
import { type Edit, outline, partOf, setMember, splice } from './json-outline.ts';
import { type MayUse, mayUseName, nameIn, readList, removeElements } from './narrow.ts';
import { changeEvents } from './sse.ts';

interface ListRow {
  readonly key: string;
  readonly kind: ResourceKind;
  readonly name: string;
}

const LISTS: readonly ListRow[] = [
  { key: 'tools', kind: 'tool', name: 'name' },
  { key: 'prompts', kind: 'prompt', name: 'name' },
  { key: 'resources', kind: 'resource', name: 'uri' },
  { key: 'resourceTemplates', kind: 'resource', name: 'uriTemplate' },
];

/** What a caller may use can be another thing tomorrow. */
const TTL_MAX_MS = 3_600_000;

/** A list result, in JSON or as an event, with only what may be used, and private to the caller. */
export function narrowMcp(body: Buffer, contentType: string, mayUse: MayUse): Buffer {
  if (!/^text\/event-stream\b/i.test(contentType)) return narrowMessage(body, mayUse);
  const text = body.toString('latin1');
  const changed = changeEvents(text, (data) => {
    return data === '' ? data : narrowMessage(Buffer.from(data, 'latin1'), mayUse).toString('latin1');
  });
  return changed === text ? body : Buffer.from(changed, 'latin1');
}

function narrowMessage(body: Buffer, mayUse: MayUse): Buffer {
  const message = readList(body);
  const result = isFields(message) ? message['result'] : undefined;
  if (!isFields(result)) return body;
  const lists = LISTS.filter(({ key }) => Array.isArray(result[key]));
  if (lists.length === 0) return body;
  const text = body.toString('latin1');
  const at = partOf(outline(text, text.indexOf('{')), 'result')?.start ?? 0;
  const parts = outline(text, at);
  const edits: Edit[] = [];
  for (const { key, kind, name } of lists) {
    const kept = (result[key] as readonly unknown[]).map((entry) => mayUseName(nameIn(entry, name), kind, mayUse));
    edits.push(...removeElements(text, partOf(parts, key), kept));
  }
  // What one caller was shown is not for another's cache, even where nothing was taken out.
  const isCacheable = 'cacheScope' in result || 'ttlMs' in result;
  if (isCacheable && result['cacheScope'] !== 'private') {
    edits.push(setMember(at, parts, { key: 'cacheScope', value: '"private"' }));
  }
  const kept = keptFor(result['ttlMs']);
  if (kept !== undefined) edits.push(setMember(at, parts, { key: 'ttlMs', value: String(kept) }));
  return edits.length === 0 ? body : splice(body, edits);
}

/** For how long a list may be kept where it says another time; undefined where that time, or none, may stand. */
function keptFor(ttlMs: unknown): number | undefined {
  if (ttlMs === undefined) return undefined;
  if (typeof ttlMs !== 'number' || ttlMs < 0) return 0;
  return ttlMs > TTL_MAX_MS ? TTL_MAX_MS : undefined;
}
