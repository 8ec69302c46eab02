import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Anchor } from './anchor.ts';
import { ChainCheck } from './chain-check.ts';
import { readLines } from './lines.ts';
import type { AuditReport, ChainReport, Finding, Note } from './report.ts';
import { parseSegment, type Segment, segmentName } from './segment.ts';

/**
 * Proves the files of some folders, one per replica, against themselves and against the heads that a store knows. Read the
 * heads before the files: a gateway may still be writing. Without heads, what was cut off or written anew cannot show, and
 * the notes say so. Rejects where a folder or a file cannot be read.
 */
export async function verifyAudit(dirs: readonly string[], anchors: readonly Anchor[] = []): Promise<AuditReport> {
  const chains: ChainReport[] = [];
  const findings: Finding[] = [];
  const notes: Note[] = [];
  const folders = new Set(dirs.map((dir) => resolve(dir)));
  const files = Map.groupBy((await Promise.all([...folders].map(segmentsIn))).flat(), ({ chain }) => chain);
  for (const [chain, segments] of files) {
    const check = new ChainCheck(
      chain,
      anchors.find((anchor) => anchor.chain === chain),
    );
    for (const segment of segments.sort((left, right) => left.number - right.number)) {
      check.begin(segment);
      for await (const line of readLines(join(segment.dir, segmentName(segment)))) check.add(line);
    }
    chains.push(check.finish());
    findings.push(...check.findings);
    notes.push(...check.notes);
  }
  findings.push(...anchors.filter(({ chain }) => !files.has(chain)).map(chainMissing));
  return { ok: findings.length === 0, chains, findings, notes };
}

async function segmentsIn(dir: string): Promise<(Segment & { readonly dir: string })[]> {
  const segments = (await readdir(dir)).map(parseSegment).filter((segment) => segment !== undefined);
  return segments.map((segment) => ({ ...segment, dir }));
}

function chainMissing({ chain, seq }: Anchor): Finding {
  const detail = `the store knows of ${seq} lines of this chain, of which no file is here; verify the folders of all replicas together`;
  return { kind: 'chain-missing', chain, file: undefined, line: undefined, detail };
}
