import type { Command } from 'commander';
import { waygate } from '../../src/cli/program.ts';
import { page, table } from './markdown.ts';

/** docs/reference/cli.md */
export function cliPage(): string {
  const program = waygate({ print: () => {}, say: () => {} }, () => {});
  return page(
    '# Command line',
    'Results go to standard output, everything else to standard error. Exit codes: 0 done, 1 a check failed or the input is wrong, 2 the command was called wrongly. Nothing is ever coloured.',
    ...program.commands.flatMap((command) => sectionsOf(command, ['waygate'])),
  );
}

function sectionsOf(command: Command, before: readonly string[]): readonly string[] {
  const words = [...before, command.name()];
  if (command.commands.length > 0) return command.commands.flatMap((inner) => sectionsOf(inner, words));
  const usage = command.usage().replace(/^\[options\] ?/, '');
  return [
    `## \`${[...words, usage].join(' ').trim()}\``,
    sentence(command.description()),
    ...argumentsOf(command),
    ...(command.options.length > 0 ? [optionTable(command)] : []),
  ];
}

function argumentsOf(command: Command): readonly string[] {
  return command.registeredArguments.map((argument) => `\`${argument.name()}\`: ${argument.description}.`);
}

function optionTable(command: Command): string {
  return table(
    ['option', 'meaning'],
    command.options.map(({ flags, description }) => [`\`${flags}\``, description]),
  );
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
