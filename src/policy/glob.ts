/** The one wildcard of a sequence and how the other parts compare. */
interface Rules {
  readonly star: string;
  readonly same: (pattern: string, text: string) => boolean;
}

type Parts = string | readonly string[];

const CHARACTERS: Rules = { star: '*', same: (pattern, text) => pattern === text };
const SEGMENTS: Rules = { star: '**', same: (pattern, text) => matchesGlob(pattern, text) };

/** Whether a text matches: `*` is any characters, also none. */
export function matchesGlob(glob: string, text: string): boolean {
  return matchesParts(glob, text, CHARACTERS);
}

/** Whether a path matches, segment by segment: `*` stays within one segment, `**` is any segments, also none. */
export function matchesPath(glob: string, text: string): boolean {
  return matchesParts(glob.split('/'), text.split('/'), SEGMENTS);
}

const ALTERNATIVES_MAX = 64;

/**
 * Every `{a,b}` of a text written out, or what is wrong with it. One level only, no empty alternative. Braces around what
 * `isLiteral` stand for themselves.
 * @example writeOut('get_{a,b}*') // ['get_a*', 'get_b*']
 */
export function writeOut(
  text: string,
  isLiteral: (inside: string) => boolean = () => false,
): readonly string[] | { readonly fault: string } {
  const open = text.indexOf('{');
  const close = text.indexOf('}');
  if (open < 0 && close < 0) return [text];
  if (open < 0 || close < open) return { fault: '`{` and `}` do not match' };
  const inside = text.slice(open + 1, close);
  if (inside.includes('{')) return { fault: '`{}` in `{}` is not supported' };
  const alternatives = isLiteral(inside) ? [`{${inside}}`] : inside.split(',').map((each) => each.trim());
  if (alternatives.includes('')) return { fault: '`{}` holds an empty alternative' };
  const rest = writeOut(text.slice(close + 1), isLiteral);
  if ('fault' in rest) return rest;
  if (alternatives.length * rest.length > ALTERNATIVES_MAX)
    return { fault: `more than ${ALTERNATIVES_MAX} alternatives` };
  return alternatives.flatMap((each) => rest.map((tail) => text.slice(0, open) + each + tail));
}

/**
 * On a mismatch the last star takes one part more. Going back to earlier stars is never needed, so that the time is at
 * worst the product of the lengths, whatever the pattern.
 */
function matchesParts(pattern: Parts, text: Parts, { star, same }: Rules): boolean {
  let at = 0;
  let read = 0;
  let lastStar = -1;
  let taken = 0;
  while (read < text.length) {
    if (pattern[at] === star) {
      lastStar = at++;
      taken = read;
    } else if (at < pattern.length && same(pattern[at] as string, text[read] as string)) {
      at++;
      read++;
    } else if (lastStar >= 0) {
      at = lastStar + 1;
      read = ++taken;
    } else return false;
  }
  while (pattern[at] === star) at++;
  return at === pattern.length;
}
