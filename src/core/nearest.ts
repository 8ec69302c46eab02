const NAME_LENGTH_MAX = 64;
/** Longer lists tell nobody anything. */
const LISTED_MAX = 16;

/** The known name that was probably meant, or undefined where none is near. Case does not count. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (name.length > NAME_LENGTH_MAX) return undefined;
  // One slip in a short name, a third of the letters in a longer one.
  let least = Math.max(1, Math.floor(name.length / 3)) + 1;
  let best: string | undefined;
  for (const candidate of known) {
    const edits = distance(name.toLowerCase(), candidate.toLowerCase());
    if (edits >= least) continue;
    least = edits;
    best = candidate;
  }
  return best;
}

/** What to say of a name that nobody knows: `` unknown action `tool.cal`, did you mean `tool.call`? `` */
export function unknownName(what: string, name: string, known: readonly string[]): string {
  const meant = nearest(name, known);
  if (meant !== undefined) return `unknown ${what} \`${name}\`, did you mean \`${meant}\`?`;
  if (known.length === 0 || known.length > LISTED_MAX) return `unknown ${what} \`${name}\``;
  const choice = known.map((each) => `\`${each}\``).join(', ');
  return `unknown ${what} \`${name}\`, expected ${known.length > 1 ? 'one of ' : ''}${choice}`;
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one text into the other. */
function distance(from: string, to: string): number {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, column) => column)];
  const at = (row: number, column: number): number => rows[row]?.[column] as number;
  for (let row = 1; row <= from.length; row++) {
    rows[row] = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      let least = Math.min(at(row - 1, column) + 1, at(row, column - 1) + 1, at(row - 1, column - 1) + (same ? 0 : 1));
      const swapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (swapped) least = Math.min(least, at(row - 2, column - 2) + 1);
      (rows[row] as number[])[column] = least;
    }
  }
  return at(from.length, to.length);
}
