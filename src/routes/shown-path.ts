const PLAIN = /^[a-z0-9.:-]{1,24}$/i;

/** A path as an error may repeat it: parts that could be somebody's key are left out. */
export function shownPath(path: string): string {
  const parts = path.slice(0, 200).split('/');
  return parts.map((part) => (part === '' || PLAIN.test(part) || part === 'count_tokens' ? part : '…')).join('/');
}
