/** How many numbers stand in a text that was sent as tokens, or in a list of such texts: each is a token, and may take two bytes. */
export function tokenIds(input: unknown): number {
  if (!Array.isArray(input)) return 0;
  let count = 0;
  for (const element of input as readonly unknown[]) {
    if (typeof element === 'number') count += 1;
    else if (Array.isArray(element)) count += element.length;
  }
  return count;
}
