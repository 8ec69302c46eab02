// Server-sent events as text, where single events must change and all other bytes must not.

/** Blank line that ends an event. A last `\r` ends none yet: its `\n` may be still to come. */
const BLANK_LINE = /(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r(?!\n|$))/g;

/** Index after the first event that ends at or behind `from`, or -1. */
export function endOfEvent(text: string, from: number): number {
  BLANK_LINE.lastIndex = from;
  return BLANK_LINE.test(text) ? BLANK_LINE.lastIndex : -1;
}

/** What a change makes of data: other data, the same, or undefined for nothing at all. */
export type Change = (data: string) => string | undefined;

/** One event with its data changed; undefined where nothing is left of it. An event whose data stays, stays as it is. */
export function changeEvent(event: string, change: Change): string | undefined {
  // Nearly every event is one line of data.
  const end = event.search(/[\r\n]/);
  if (!event.startsWith('data:') || end < 0 || /[^\r\n]/.test(event.slice(end))) return changeLines(event, change);
  const start = event.startsWith(' ', 5) ? 6 : 5;
  const data = event.slice(start, end);
  const changed = change(data);
  if (changed === undefined) return undefined;
  return changed === data ? event : event.slice(0, start) + changed + event.slice(end);
}

function changeLines(event: string, change: Change): string | undefined {
  const lines = event.split(/(?<=\r\n|\n|\r(?!\n))/);
  const place = lines.findIndex(isData);
  if (place < 0) return event;
  const data = lines.filter(isData).map(dataOf).join('\n');
  const changed = change(data);
  if (changed === undefined) return undefined;
  if (changed === data) return event;
  const ending = /[\r\n]+$/.exec(lines[place] as string)?.[0] ?? '';
  const replaced = changed
    .split('\n')
    .map((line) => `data: ${line}`)
    .join(ending || '\n');
  return [...lines.slice(0, place), replaced, ending, ...lines.slice(place).filter((line) => !isData(line))].join('');
}

function isData(line: string): boolean {
  return /^data(?::|[\r\n]|$)/.test(line);
}

function dataOf(line: string): string {
  return line.replace(/^data:? ?/, '').replace(/[\r\n]+$/, '');
}

/** All events of a whole body, changed. What follows the last blank line counts as one. */
export function changeEvents(text: string, change: Change): string {
  let changed = '';
  let at = 0;
  for (let end = endOfEvent(text, 0); end >= 0; end = endOfEvent(text, at)) {
    changed += changeEvent(text.slice(at, end), change) ?? '';
    at = end;
  }
  return changed + (changeEvent(text.slice(at), change) ?? '');
}
