import type { Content } from './schema.ts';

/** The text of a message's content, in any dialect; pictures and the like say nothing here. */
export function textOf(content: Content): string {
  if (typeof content === 'string') return content;
  return (content ?? [])
    .map(({ text }) => text)
    .filter((text) => text !== undefined)
    .join('\n');
}
