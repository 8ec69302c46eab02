/** Lines before which and at which two texts differ: `-` what goes, `+` what comes, under the line where it begins. */
export function diffLines(before: string, after: string): readonly string[] {
  const [old, fresh] = [linesOf(before), linesOf(after)];
  const lengths = commonLengths(old, fresh);
  const out: string[] = [];
  let [i, j] = [0, 0];
  let isOpen = false;
  while (i < old.length || j < fresh.length) {
    if (i < old.length && j < fresh.length && old[i] === fresh[j]) {
      isOpen = false;
      i += 1;
      j += 1;
      continue;
    }
    if (!isOpen) out.push(`@@ line ${i + 1}`);
    isOpen = true;
    const goes = j >= fresh.length || (i < old.length && at(lengths, i + 1, j) >= at(lengths, i, j + 1));
    out.push(goes ? `-${old[i++] ?? ''}` : `+${fresh[j++] ?? ''}`);
  }
  return out;
}

/** Length of the longest common subsequence of what follows each pair of lines. */
function commonLengths(old: readonly string[], fresh: readonly string[]): readonly (readonly number[])[] {
  const lengths = Array.from({ length: old.length + 1 }, () => Array.from({ length: fresh.length + 1 }, () => 0));
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = fresh.length - 1; j >= 0; j -= 1) {
      const isSame = old[i] === fresh[j];
      const row = lengths[i] as number[];
      row[j] = isSame ? at(lengths, i + 1, j + 1) + 1 : Math.max(at(lengths, i + 1, j), at(lengths, i, j + 1));
    }
  }
  return lengths;
}

function at(lengths: readonly (readonly number[])[], row: number, column: number): number {
  return lengths[row]?.[column] ?? 0;
}

function linesOf(text: string): readonly string[] {
  const lines = text.split(/\r?\n/);
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}
