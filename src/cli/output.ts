/** Where a command's words go: results to `print`, everything about the way there to `say`. */
export interface Output {
  print(text: string): void;
  say(text: string): void;
}

export const terminal: Output = {
  print: (text) => void process.stdout.write(`${text}\n`),
  say: (text) => void process.stderr.write(`${text}\n`),
};

/** A command's end: 0 done, 1 a check failed or the input is wrong, 2 the command itself was called wrongly. */
export type ExitCode = 0 | 1 | 2;
