import { existsSync } from 'node:fs';
import type { AuditReport, ChainReport, Remark } from '../audit/report.ts';
import { redisAnchors } from '../audit/redis.ts';
import { verifyAudit } from '../audit/verify.ts';
import { readingError } from '../config/files.ts';

import { findConfig, readShape } from './config-file.ts';
import { type ExitCode, type Output, UsageError } from './output.ts';
import { type StoreAddress, storeOfConfig, storeOfOption, withStore } from './store.ts';

export interface AuditOptions {
  readonly dirs: readonly string[];
  readonly config?: string;
  readonly redis?: string;
  readonly json?: true;
}

/** Proves an audit log, and tells what the proof does not cover. Exit code 1 where it was tampered with. */
export async function verify(options: AuditOptions, output: Output): Promise<ExitCode> {
  const { dirs, store } = await findAudit(options);
  const shown = dirs.map((dir) => `\`${dir}\``).join(', ');
  for (const dir of dirs)
    if (!existsSync(dir))
      throw new Error(`\`${dir}\` is not there; an audit log is a folder of \`audit-*.jsonl\` files`);
  // Heads first: a gateway may be writing all the while.
  const anchors = store ? await withStore(store, ({ connection }) => redisAnchors(connection).list()) : [];
  const report = await verifyAudit(dirs, anchors).catch((cause: unknown) => {
    throw new Error(`${shown} cannot be read (${readingError(cause)})`, { cause });
  });
  const isEmpty = report.ok && report.chains.length === 0;
  if (options.json) output.print(JSON.stringify(report, undefined, 2));
  else if (!isEmpty) output.print([...remarksOf(report), summaryOf(report)].join('\n'));
  if (isEmpty) output.say(`${shown} holds no audit log: nothing was verified`);
  return report.ok && !isEmpty ? 0 : 1;
}

interface Audit {
  readonly dirs: readonly string[];
  readonly store: StoreAddress | undefined;
}

/** Folders that are named are taken as they are, without the configuration that lies around. */
async function findAudit({ dirs, config, redis }: AuditOptions): Promise<Audit> {
  const given = redis === undefined ? undefined : await storeOfOption(redis);
  const path = dirs.length === 0 || config !== undefined ? findConfig(config) : undefined;
  if (path === undefined) {
    if (dirs.length > 0) return { dirs, store: given };
    throw new UsageError('which audit log? expected its folder, `--config FILE` or a `waygate.yaml` here');
  }
  const { value } = await readShape(path);
  return { dirs: dirs.length > 0 ? dirs : [value.audit.dir], store: given ?? (await storeOfConfig(value, path)) };
}

function remarksOf({ findings, notes }: AuditReport): readonly string[] {
  return [
    ...findings.map((finding) => `TAMPERED ${remark(finding)}`),
    ...notes.map((note) => `note     ${remark(note)}`),
  ];
}

/** `audit-gw-000001.jsonl:12: edited: …`, or the chain where no file can be named. */
function remark({ kind, chain, file, line, detail }: Remark<string>): string {
  const place = `${file ?? `chain ${chain}`}${line === undefined ? '' : `:${line}`}`;
  return `${place}: ${kind}: ${detail}`;
}

function summaryOf({ chains, findings, notes }: AuditReport): string {
  const sum = (count: (chain: ChainReport) => number): number =>
    chains.reduce((total, chain) => total + count(chain), 0);
  const open = sum(({ openPermits }) => openPermits);
  const read = `${counted(chains.length, 'chain')}, ${counted(
    sum(({ files }) => files),
    'file',
  )}, ${counted(
    sum(({ lines }) => lines),
    'line',
  )}`;
  const calls = open === 0 ? '' : `; ${counted(open, 'permitted call')} without an outcome`;
  const verdict =
    findings.length > 0
      ? `tampered with: ${counted(findings.length, 'finding')}`
      : `nothing was altered${notes.length > 0 ? ', as far as the notes allow' : ''}`;
  return `${read}${calls}: ${verdict}`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
