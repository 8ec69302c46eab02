// Every command with its options and an example. What a command does is loaded when it is called.
import { Argument, type Command, Option } from 'commander';
import { RANKS } from '../core/operator.ts';
import type { ApprovalState } from '../core/approval.ts';
import type { RunState } from '../core/run.ts';
import { CLIENT_NAMES, DIALECTS, type ClientName } from '../connect/names.ts';
import type { AdminOptions } from './admin-client.ts';
import type { ListOptions as ApprovalsListOptions, VoteOptions } from './approvals.ts';
import type { AuditOptions } from './audit.ts';
import {
  LIVES,
  readBudget,
  readCount,
  readDuration,
  readModel,
  readName,
  readNames,
  readOverlap,
  readPort,
  readConfigName,
  readUrl,
  readVariable,
} from './arguments.ts';
import type { CheckOptions } from './check.ts';
import type { ConnectOptions } from './connect.ts';
import type { ExplainOptions } from './explain.ts';
import type { RebuildOptions } from './ledger.ts';
import type { CreateOptions, KeysOptions, RotateOptions } from './keys.ts';
import type { Output } from './output.ts';
import type { RollbackOptions } from './rollback.ts';
import type { RunOptions } from './run.ts';
import type { ListOptions, RunsOptions, ShowOptions } from './runs.ts';
import type { SwitchOptions, Verb } from './runs-switch.ts';
import type { ServeOptions } from './serve.ts';
import type { TokenOptions } from './token.ts';

type Done = (code: number) => void;

const APPROVAL_STATES: readonly ApprovalState[] = ['pending', 'approved', 'denied', 'expired', 'used'];
const RUN_STATES: readonly RunState[] = ['live', 'paused', 'draining', 'killed', 'done'];

const SWITCHES = [
  ['pause', 'have new calls wait, of a run and all below it, of an agent, or of all'],
  ['resume', 'let go on what was paused or drains; a run that was killed stays so'],
  ['drain', 'refuse new calls and let those under way end'],
  ['kill', 'refuse new calls and cut those under way, on every replica and for good'],
] as const;

/** Adds all commands; `done` is told the exit code of the one that is called. */
export function addCommands(program: Command, output: Output, done: Done): void {
  addServe(program, done);
  addCheck(program, output, done);
  addTest(program, output, done);
  addExplain(program, output, done);
  addConnect(program, output, done);
  addToken(program, output, done);
  addKeys(program, output, done);
  addAudit(program, output, done);
  addLedger(program, output, done);
  addRuns(program, output, done);
  addApprovals(program, output, done);
  addRun(program, output, done);
}

function addServe(program: Command, done: Done): void {
  program
    .command('serve')
    .description('run the gateway; without any configuration on loopback, with demo upstreams')
    .option('--config <file>', 'configuration, instead of ./waygate.yaml')
    .option(
      '--port <number>',
      'without any configuration: port of the data listener; the operators’ one has the next',
      readPort,
    )
    .addHelpText('after', example('waygate serve --config /etc/waygate/waygate.yaml'))
    .action(async (options: ServeOptions) => {
      const { serve } = await import('./serve.ts');
      done(await serve(options));
    });
}

function addCheck(program: Command, output: Output, done: Done): void {
  program
    .command('check')
    .description('validate configuration and policies offline, and name every problem with its place')
    .option('--config <file>', 'configuration, instead of ./waygate.yaml; its policies are checked too')
    .option('--policies <dir>', 'policies alone, or other ones than the configuration names')
    .option('--secrets', 'require that every secret can be read; without it a missing one is a warning')
    .addHelpText('after', example('waygate check --policies policies'))
    .action(async (options: CheckOptions) => {
      const { check } = await import('./check.ts');
      done(await check(options, output));
    });
}

function addTest(program: Command, output: Output, done: Done): void {
  program
    .command('test')
    .description('run the policy tests (*.test.yaml) and show which rules decided otherwise than expected')
    .argument(
      '[paths...]',
      'folders of policies, or single test files (default: the policies of ./waygate.yaml, else ./policies)',
    )
    .addHelpText('after', example('waygate test policies/research.test.yaml'))
    .action(async (paths: readonly string[]) => {
      const { test } = await import('./test.ts');
      done(await test(paths, output));
    });
}

function addExplain(program: Command, output: Output, done: Done): void {
  program
    .command('explain')
    .description('say of one request what every rule thought of it, the decision, and the limits in scope')
    .option('--config <file>', 'configuration whose policies decide, instead of ./waygate.yaml')
    .option('--policies <dir>', 'policies that decide')
    .option('--request <json>', 'the request as in a policy test: JSON, `@file` or `-` for standard input')
    .option('--agent <name>', 'agent of the caller')
    .option('--subject <name>', 'subject of the caller')
    .option('--tenant <name>', 'tenant of the caller')
    .option('--action <action>', 'e.g. `tool.call`')
    .option('--resource <resource>', '`kind/upstream/name`, e.g. `tool/github/create_issue`')
    .option('--args <json>', 'arguments of the call: JSON, `@file` or `-` for standard input')
    .option('--stream', 'the caller asks for a stream')
    .option('--json', 'print one JSON object')
    .addHelpText('after', example('waygate explain --agent ci --action tool.call --resource tool/github/create_issue'))
    .action(async (options: ExplainOptions) => {
      const { explain } = await import('./explain.ts');
      done(await explain(options, output));
    });
}

function addConnect(program: Command, output: Output, done: Done): void {
  program
    .command('connect')
    .description('print the settings that point a client at the gateway, or write them into its own files')
    .addArgument(new Argument('<client>', 'the client').choices(CLIENT_NAMES))
    .option('--url <url>', 'address of the gateway (default: the listener of the configuration)', readUrl)
    .option('--upstream <name>', 'one upstream instead of all that speak its protocol', readConfigName)
    .option('--route <name>', 'a route of the configuration instead', readConfigName)
    .addOption(new Option('--protocol <name>', 'what to speak, where the client speaks several').choices(DIALECTS))
    .option('--model <name>', 'model that the client is to ask for', readModel)
    .option('--mcp <server>', 'settings for this MCP server instead of those for models', readConfigName)
    .option('--token-env <name>', 'variable that holds the token', readVariable, 'WAYGATE_TOKEN')
    .option('--token', 'print the token itself, read from that variable, instead of a reference to it')
    .addOption(new Option('--scope <scope>', 'whose file it is (default: the user’s)').choices(['user', 'project']))
    .option('--write', 'change the client’s own files; what was there is kept beside them')
    .option('--dry-run', 'show what `--write` would change, and change nothing')
    .option('--json', 'print one JSON object')
    .option('--config <file>', 'configuration of the gateway, instead of ./waygate.yaml')
    .addHelpText('after', example('waygate connect claude-code --url https://gateway.example.com --write'))
    .action(async (client: ClientName, options: Omit<ConnectOptions, 'client'>) => {
      const { connect } = await import('./connect.ts');
      const { currentWhereabouts } = await import('../connect/place.ts');
      done(await connect({ ...options, client }, { output, where: currentWhereabouts(), nowMs: Date.now() }));
    });
}

function addToken(program: Command, output: Output, done: Done): void {
  program
    .command('token')
    .description('mint a token of the dev issuer, for a gateway on this machine')
    .option('--agent <name>', 'agent that calls; required but for `--operator`', readName)
    .addOption(
      new Option('--operator [rank]', 'a token for the operators’ listener instead (default: operator)')
        .choices(RANKS)
        .preset('operator'),
    )
    .option('--subject <name>', 'who it calls for (default: developer)', readName)
    .option('--tenant <name>', 'tenant (default: default, for an operator all of them)', readName)
    .option('--ttl <duration>', 'how long it is good for, up to 30d (default: 12h)', readDuration)
    .option('--config <file>', 'configuration of the gateway, instead of ./waygate.yaml or none')
    .addHelpText('after', example('export OPENAI_API_KEY=$(waygate token --agent researcher)'))
    .action(async (options: TokenOptions) => {
      const { token } = await import('./token.ts');
      done(await token(options, output));
    });
}

function addKeys(program: Command, output: Output, done: Done): void {
  const keys = program
    .command('keys')
    .description('make, list, rotate and revoke API keys, for clients that cannot get tokens')
    .helpCommand(false)
    .addHelpText('after', example('waygate keys create --subject ci --agent builder --expires 90d'));
  withKeysFile(keys.command('create'))
    .description('make a key and print it, once')
    .option('--subject <name>', 'whom it stands for; required', readName)
    .option('--tenant <name>', 'tenant (default: default)', readName)
    .option('--agent <name>', 'agent that uses it', readName)
    .option('--scope <name>', 'scope that policies see; may be repeated', readNames)
    .option('--expires <duration>', 'how long it is good for, e.g. 90d (default: until revoked)', readDuration)
    .action(async (options: CreateOptions) => done(await (await import('./keys.ts')).create(options, output)));
  withKeysFile(keys.command('list'))
    .description('list the keys, without anything secret')
    .option('--json', 'print one JSON array')
    .action(async (options: KeysOptions) => done(await (await import('./keys.ts')).list(options, output)));
  withKeysFile(keys.command('rotate'))
    .description('give a key a new secret and print it, once')
    .argument('<id>', 'as `waygate keys list` shows it')
    .option(
      '--overlap <duration>',
      'how long the secret before still works, `0` for not at all (default: 24h)',
      readOverlap,
    )
    .action(async (id: string, options: RotateOptions) => {
      const { rotate } = await import('./keys.ts');
      done(await rotate({ ...options, id }, output));
    });
  withKeysFile(keys.command('revoke'))
    .description('end a key and every secret it had')
    .argument('<id>', 'as `waygate keys list` shows it')
    .action(async (id: string, options: KeysOptions) => {
      const { revoke } = await import('./keys.ts');
      done(await revoke({ ...options, id }, output));
    });
}

function withKeysFile(command: Command): Command {
  return command
    .option('--config <file>', 'configuration whose `identity.keys.file` it is, instead of ./waygate.yaml')
    .option('--file <file>', 'the file of keys itself');
}

function addAudit(program: Command, output: Output, done: Done): void {
  const audit = program
    .command('audit')
    .description('read the audit log')
    .helpCommand(false)
    .addHelpText('after', example('waygate audit verify /var/lib/waygate/audit --redis env:REDIS_URL'));
  audit
    .command('verify')
    .description('prove that no entry was edited, removed, reordered or cut off')
    .argument('[dirs...]', 'folders of the audit log, one per replica (default: the one that the configuration names)')
    .option('--config <file>', 'configuration that names folder and store, instead of ./waygate.yaml')
    .option(
      '--redis <reference>',
      'store that holds the heads of the chains: `env:NAME`, `file:PATH` or an address without password',
    )
    .option('--json', 'print one JSON object')
    .action(async (dirs: readonly string[], options: Omit<AuditOptions, 'dirs'>) => {
      const { verify } = await import('./audit.ts');
      done(await verify({ ...options, dirs }, output));
    });
}

function addLedger(program: Command, output: Output, done: Done): void {
  const ledger = program
    .command('ledger')
    .description('mend the record of what tenants have spent')
    .helpCommand(false)
    .addHelpText('after', example('waygate ledger rebuild --from-audit --tenant acme'));
  ledger
    .command('rebuild')
    .description('after the store has lost its data: count anew from the audit, and open the tenant again')
    .argument('[dirs...]', 'folders of the audit log, one per replica (default: the one that the configuration names)')
    .option('--config <file>', 'configuration that names store, policies and audit, instead of ./waygate.yaml')
    .option('--tenant <name>', 'the tenant to rebuild', readName)
    .option('--all', 'every tenant that the audit has calls of')
    .option('--from-audit', 'from the audit, which is what it is always rebuilt from; to say so')
    .option('--dry-run', 'print what would be counted, and change nothing')
    .action(async (dirs: readonly string[], options: Omit<RebuildOptions, 'dirs'>) => {
      const { rebuild } = await import('./ledger.ts');
      done(await rebuild({ ...options, dirs }, output));
    });
}

function addRun(program: Command, output: Output, done: Done): void {
  program
    .command('run')
    .description('run a program as a run of its own: with a key that ends with it, a budget, and a receipt')
    .argument('<command...>', 'the program and its arguments, behind `--`')
    .option('--budget <amount>', 'what it and all that it starts may spend, e.g. `5USD`', readBudget)
    .option('--policy <name>', 'a policy that must be there and apply to the agent', readConfigName)
    .option('--agent <name>', 'agent that the program is (default: as the token says, in dev the client)', readName)
    .option('--name <text>', 'what the run is called, for people (default: the client)', readName)
    .option('--expires <duration>', 'how long its key is good for at most', readDuration)
    .option('--token <token>', 'of whoever starts it (default: `WAYGATE_TOKEN`, else in dev one made for this)')
    .option('--tenant <name>', 'tenant, for a token made in dev', readName)
    .addOption(new Option('--client <name>', 'what the program is, where its name does not tell').choices(CLIENT_NAMES))
    .option('--model <name>', 'model that the client is to ask for', readModel)
    .option('--upstream <name>', 'one upstream instead of all that speak its protocol', readConfigName)
    .addOption(new Option('--protocol <name>', 'what to speak, where the client speaks several').choices(DIALECTS))
    .addOption(new Option('--live <how>', 'where spending is shown meanwhile (default: title)').choices(LIVES))
    .option('--url <url>', 'address of the gateway (default: the listener of the configuration)', readUrl)
    .option('--admin-url <url>', 'operators’ listener (default: that of the configuration)', readUrl)
    .option('--config <file>', 'configuration of the gateway, instead of ./waygate.yaml')
    .addHelpText('after', example('waygate run --budget 5USD --agent researcher --policy research -- claude -p "…"'))
    .action(async (command: readonly [string, ...string[]], options: Omit<RunOptions, 'command'>) => {
      const { run } = await import('./run.ts');
      done(await run({ ...options, command }, output));
    });
}

function addRuns(program: Command, output: Output, done: Done): void {
  const runs = program
    .command('runs')
    .description('see the runs of a gateway in operation, pause, resume, drain, kill them and take them back')
    .helpCommand(false)
    .addHelpText('after', example('waygate runs kill run_0123 --reason "it loops"'));
  withGateway(runs.command('list'))
    .description('list the roots, those active last first, with what their trees used')
    .addOption(new Option('--state <state>', 'those in this state alone').choices(RUN_STATES))
    .option('--limit <number>', 'how many, up to 100 (default: 20)', readCount)
    .option('--from <number>', 'how many to pass over', readCount)
    .action(async (options: ListOptions) => done(await (await import('./runs.ts')).list(options, output)));
  withGateway(runs.command('tree'))
    .description('draw a run and all below it, with state, steps, tokens, money and errors of each')
    .argument('<run>', 'id of the run')
    .action(async (run: string, options: RunsOptions) => {
      const { tree } = await import('./runs.ts');
      done(await tree({ ...options, run }, output));
    });
  withGateway(runs.command('show'))
    .description('say everything of one run: who, what stops it and why, labels, totals, children, its newest steps')
    .argument('<run>', 'id of the run')
    .option('--steps <number>', 'how many of its newest steps, up to 500 (default: 50)', readCount)
    .action(async (run: string, options: Omit<ShowOptions, 'run'>) => {
      const { show } = await import('./runs.ts');
      done(await show({ ...options, run }, output));
    });
  withGateway(runs.command('rollback'))
    .description('show what would take the journaled calls of a run back, the newest first; `--yes` does it')
    .argument('<run>', 'id of the run, for it and all below it')
    .option('--to <step>', 'the newest step that stays, by number or call (default: all are taken back)')
    .option('--yes', 'do it')
    .option('--keep-going', 'go on with older calls where a newer one cannot be taken back')
    .option('--reason <text>', 'why, for the audit', readName)
    .action(async (run: string, options: Omit<RollbackOptions & AdminOptions, 'run'>) => {
      const { rollbackThere } = await import('./rollback.ts');
      done(await rollbackThere({ ...options, run }, output));
    });
  for (const [verb, meaning] of SWITCHES) addSwitch(runs.command(verb), { verb, meaning }, { output, done });
}

function addSwitch(
  command: Command,
  { verb, meaning }: { readonly verb: Verb; readonly meaning: string },
  { output, done }: { readonly output: Output; readonly done: Done },
): void {
  withGateway(command)
    .description(meaning)
    .argument('[run]', 'id of the run, for it and all below it')
    .option('--agent <name>', 'an agent instead, in the tenant or with `--all` in every one', readName)
    .option('--all', 'everything of the tenant; without `--tenant` of every one and those to come')
    .option('--reason <text>', 'why, for the audit and for whoever is refused', readName)
    .action(async (run: string | undefined, options: Omit<SwitchOptions, 'verb' | 'run'>) => {
      const { turn } = await import('./runs-switch.ts');
      done(await turn({ ...options, verb, ...(run !== undefined && { run }) }, output));
    });
}

function addApprovals(program: Command, output: Output, done: Done): void {
  const approvals = program
    .command('approvals')
    .description('see the calls that wait for people, approve and deny them')
    .helpCommand(false)
    .addHelpText('after', example('waygate approvals approve appr_0123 --reason "checked with legal"'));
  withGateway(approvals.command('list'))
    .description('list those that wait, the newest first')
    .addOption(new Option('--state <state>', 'those in this state instead').choices(APPROVAL_STATES))
    .option('--all', 'those in any state')
    .option('--limit <number>', 'how many, up to 500 (default: 100)', readCount)
    .action(async (options: ApprovalsListOptions) =>
      done(await (await import('./approvals.ts')).list(options, output)),
    );
  withGateway(approvals.command('show'))
    .description('say everything of one: who asks, for what, with which arguments, why it is held, who said what')
    .argument('<id>', 'id of the approval')
    .action(async (id: string, options: RunsOptions) => {
      const { show } = await import('./approvals.ts');
      done(await show({ ...options, id }, output));
    });
  for (const verb of ['approve', 'deny'] as const) {
    withGateway(approvals.command(verb))
      .description(
        verb === 'approve' ? 'let this very call be made' : 'refuse it, so that nobody can approve it any more',
      )
      .argument('<id>', 'id of the approval')
      .option('--reason <text>', 'why; whoever is denied is told it', readName)
      .action(async (id: string, options: Omit<VoteOptions, 'id' | 'verb'>) => {
        const { vote } = await import('./approvals.ts');
        done(await vote({ ...options, id, verb }, output));
      });
  }
}

function withGateway(command: Command): Command {
  return command
    .option('--tenant <name>', 'tenant (default: the one of the token, else default)', readName)
    .option('--admin-url <url>', 'operators’ listener (default: that of the configuration)', readUrl)
    .option('--token <token>', 'of an operator (default: `WAYGATE_ADMIN_TOKEN`, else in dev one made for this)')
    .option('--config <file>', 'configuration of the gateway, instead of ./waygate.yaml')
    .option('--json', 'print one JSON object');
}

function example(text: string): string {
  return `\nExample:\n  ${text}`;
}
