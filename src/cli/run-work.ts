// A program at work: from its start to the receipt.
import type { RunView } from '../admin/run-view.ts';
import { systemClock } from '../core/clock.ts';
import { isLoopbackHost } from '../core/loopback.ts';
import { placeOf } from '../identity/run-key.ts';
import { type AdminClient, adminClient } from './admin-client.ts';
import type { Gateway } from './gateway-address.ts';
import type { Output } from './output.ts';
import type { RunOptions } from './run.ts';
import { type AuditedTree, auditOf } from './run-audit.ts';
import { endRun, type RunKey } from './run-key.ts';
import { liveSpending } from './run-live.ts';
import { type Program, startProgram } from './run-process.ts';
import { receiptOf } from './run-receipt.ts';
import { adminLook, keyLook, watchRun } from './run-watch.ts';
import { pathOf } from './runs.ts';

/** Of a gateway that was started here without any configuration. */
const AUDIT_DIR = '.waygate/audit';
const EVERY_MS = { admin: 1_000, key: 5_000 } as const;

export interface Work {
  readonly gateway: Gateway;
  readonly granted: RunKey;
  readonly title: string;
  readonly env: Readonly<Record<string, string>>;
  readonly output: Output;
}

/** Resolves with the program's exit code, when its run has ended too. */
export async function work(options: RunOptions, about: Work): Promise<number> {
  const { gateway, granted, title, env, output } = about;
  const { key, run } = granted;
  const { budget } = options;
  const beganMs = systemClock.now();
  const operator = await operatorOf(options, granted);
  const program = startProgram(options.command, env);
  const { code, over } = await watched(program, { options, about, operator });
  await endRun(gateway.url, key).catch((cause: Error) =>
    output.say(`[waygate] the run could not be ended: ${cause.message}`),
  );
  const tree = await treeOf(operator, granted);
  const audited = await auditHere(gateway, { run, sinceMs: beganMs });
  const tookMs = systemClock.now() - beganMs;
  output.say(receiptOf({ run, title, code, tookMs, budget, over, tree, audited }));
  return code;
}

interface Watched {
  readonly options: RunOptions;
  readonly about: Work;
  readonly operator: AdminClient | undefined;
}

interface Ended {
  readonly code: number;
  /** Who had ended its run; undefined where nobody had. */
  readonly over: string | undefined;
}

/** Until the program has ended. Asks it to where its run was ended. */
async function watched(program: Program, { options, about, operator }: Watched): Promise<Ended> {
  const { gateway, granted, title, output } = about;
  const live = liveSpending(options.live, {
    budget: options.budget,
    say: (line) => output.say(line),
    terminal: process.stderr,
    now: () => systemClock.now(),
  });
  const look = operator ? adminLook(operator, pathAt(granted, '')) : keyLook(gateway.url, granted.key);
  let ended: string | undefined;
  const watch = watchRun(look, {
    everyMs: operator ? EVERY_MS.admin : EVERY_MS.key,
    onSeen({ view, over }) {
      if (view) live.show(view);
      if (over === undefined) return;
      ended = over;
      watch.stop();
      output.say(`[waygate] the run has ended: ${over}; ${title} is told to end`);
      program.stop();
    },
  });
  try {
    return { code: await program.ended, over: ended };
  } finally {
    watch.stop();
    live.end();
  }
}

function pathAt({ key, run }: RunKey, part: '' | '/tree'): string {
  return `${pathOf(run)}${part}?${new URLSearchParams({ tenant: placeOf(key)?.tenant ?? '' }).toString()}`;
}

/** Undefined where nobody here is an operator, or the listener does not answer. */
async function operatorOf({ adminUrl, config }: RunOptions, granted: RunKey): Promise<AdminClient | undefined> {
  const asked = { ...(adminUrl !== undefined && { adminUrl }), ...(config !== undefined && { config }) };
  try {
    const client = await adminClient(asked, 'viewer');
    await client.call('GET', pathAt(granted, ''));
    return client;
  } catch {
    return undefined;
  }
}

async function treeOf(operator: AdminClient | undefined, granted: RunKey): Promise<readonly RunView[] | undefined> {
  const told = await operator?.call('GET', pathAt(granted, '/tree')).catch(() => undefined);
  return (told as { readonly runs: readonly RunView[] } | undefined)?.runs;
}

/** Undefined where the gateway's audit does not lie here. */
async function auditHere(
  { config, url }: Gateway,
  asked: { readonly run: string; readonly sinceMs: number },
): Promise<AuditedTree | undefined> {
  if (!isLoopbackHost(new URL(url).hostname)) return undefined;
  return auditOf(config?.audit.dir ?? AUDIT_DIR, asked).catch(() => undefined);
}
