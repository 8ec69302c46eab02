import type { Command } from 'commander';
import { describe, test } from 'vitest';
import { waygate } from '../../src/cli/program.ts';
import { expectPinned } from './pinned.ts';

/** Every command with its arguments and options. */
function callsOf(command: Command, before = ''): string[] {
  return command.commands.flatMap((inner) => {
    const words = `${before}${inner.name()}`;
    if (inner.commands.length > 0) return callsOf(inner, `${words} `);
    const names = inner.registeredArguments.map((argument) => argument.name());
    return [[words, ...names, ...inner.options.map(({ long }) => long)].join(' ')];
  });
}

describe('the command line', () => {
  test('its commands, arguments and options', () => {
    expectPinned(callsOf(waygate({ print: () => {}, say: () => {} }, () => {})), [
      'serve --config --port',
      'check --config --policies --secrets',
      'test paths',
      'explain --config --policies --request --agent --subject --tenant --action --resource --args --stream --json',
      'connect client --url --upstream --route --protocol --model --mcp --token-env --token --scope --write --dry-run --json --config',
      'token --agent --operator --subject --tenant --ttl --config',
      'keys create --config --file --subject --tenant --agent --scope --expires',
      'keys list --config --file --json',
      'keys rotate id --config --file --overlap',
      'keys revoke id --config --file',
      'audit verify dirs --config --redis --json',
      'ledger rebuild dirs --config --tenant --all --from-audit --dry-run',
      'runs list --tenant --admin-url --token --config --json --state --limit --from',
      'runs tree run --tenant --admin-url --token --config --json',
      'runs show run --tenant --admin-url --token --config --json --steps',
      'runs rollback run --tenant --admin-url --token --config --json --to --yes --keep-going --reason',
      'runs pause run --tenant --admin-url --token --config --json --agent --all --reason',
      'runs resume run --tenant --admin-url --token --config --json --agent --all --reason',
      'runs drain run --tenant --admin-url --token --config --json --agent --all --reason',
      'runs kill run --tenant --admin-url --token --config --json --agent --all --reason',
      'approvals list --tenant --admin-url --token --config --json --state --all --limit',
      'approvals show id --tenant --admin-url --token --config --json',
      'approvals approve id --tenant --admin-url --token --config --json --reason',
      'approvals deny id --tenant --admin-url --token --config --json --reason',
      'run command --budget --policy --agent --name --expires --token --tenant --client --model --upstream --protocol --live --url --admin-url --config',
    ]);
  });
});
