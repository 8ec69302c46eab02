// Process entry: the command line, and nothing else.
import { runCommand } from './cli/program.ts';

process.exitCode = await runCommand(process.argv.slice(2));
