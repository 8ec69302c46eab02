// The command line: finds the command, hands it its options and an output, and turns its end into an exit code.
// INVARIANT: nothing but commander is loaded before a command is known, so that each starts as fast as it can.
import { Command, CommanderError } from 'commander';
import { addCommands } from './commands.ts';
import { type Output, terminal, UsageError } from './output.ts';
import { version } from './version.ts';

/** Runs what the words after `waygate` say. Resolves to the exit code: 0 done, 1 failed, 2 called wrongly. */
export async function runCommand(argv: readonly string[], output: Output = terminal): Promise<number> {
  let code = 0;
  const program = waygate(output, (ended) => void (code = ended));
  try {
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    // Help and the version end in an error too, of code 0; called without a command, help has been shown already.
    if (error instanceof CommanderError && (error.exitCode === 0 || error.code === 'commander.help')) {
      return error.exitCode === 0 ? 0 : 2;
    }
    output.say(messageOf(error));
    if (!(error instanceof CommanderError || error instanceof UsageError)) return 1;
    const command = program.commands.find((one) => one.name() === argv[0]);
    output.say(`\`waygate ${command ? `${command.name()} ` : ''}--help\` says how it is called`);
    return 2;
  }
}

/** The whole command line, with every command and option; `docs/reference/cli.md` is made of it. */
export function waygate(output: Output, done: (code: number) => void): Command {
  const program = new Command('waygate')
    .description('The agent gateway: identity, policy, budgets, trace and audit on every call an agent makes')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'say how this is called')
    .helpCommand('help [command]', 'say how a command is called')
    .addHelpText('after', '\nExamples:\n  waygate serve\n  waygate check && waygate test\n  waygate help explain')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => output.print(text.trimEnd()),
      writeErr: (text) => output.say(text.trimEnd()),
      outputError: () => {},
    });
  addCommands(program, output, done);
  return program;
}

function messageOf(error: unknown): string {
  if (error instanceof CommanderError) return inOurWords(error.message);
  return error instanceof Error ? error.message : String(error);
}

/** `` unknown command `tset`, did you mean `test`? ``, where commander writes quotes, capitals and full stops. */
function inOurWords(message: string): string {
  return message
    .replace(/^error: /, '')
    .replace(/'([^']*)'/g, '`$1`')
    .replace(/\n\(Did you mean (?:one of )?(.*)\?\)$/, (_, names: string) => {
      const meant = names.split(', ').map((name) => `\`${name}\``);
      return `, did you mean ${meant.join(' or ')}?`;
    })
    .replace(/\. (\w)/g, (_, first: string) => `: ${first.toLowerCase()}`)
    .replace(/\.$/, '');
}
