import { formatProblem, type Problem } from '../core/problem.ts';

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

/** The command was called wrongly; the message says how it is called rightly. Ends in exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A file that the command needs is wrong. Ends in exit code 1, with a line for each problem. */
export class ProblemsError extends Error {
  override readonly name = 'ProblemsError';

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'));
  }
}
