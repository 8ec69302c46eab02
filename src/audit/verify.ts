import type { Anchor } from './anchor.ts';
import { chainsIn } from './chains.ts';
import { ChainCheck } from './chain-check.ts';
import { readLines } from './lines.ts';
import type { AuditReport, ChainReport, Finding, Note } from './report.ts';

/**
 * Proves the files of some folders, one per replica, against themselves and against the heads that a store knows. Read the
 * heads before the files: a gateway may still be writing. Without heads, what was cut off or written anew cannot show, and
 * the notes say so. Rejects where a folder or a file cannot be read.
 */
export async function verifyAudit(dirs: readonly string[], anchors: readonly Anchor[] = []): Promise<AuditReport> {
  const chains: ChainReport[] = [];
  const findings: Finding[] = [];
  const notes: Note[] = [];
  const files = await chainsIn(dirs);
  for (const [chain, segments] of files) {
    const check = new ChainCheck(
      chain,
      anchors.find((anchor) => anchor.chain === chain),
    );
    for (const segment of segments) {
      check.begin(segment);
      for await (const line of readLines(segment.path)) check.add(line);
    }
    chains.push(check.finish());
    findings.push(...check.findings);
    notes.push(...check.notes);
  }
  findings.push(...anchors.filter(({ chain }) => !files.has(chain)).map(chainMissing));
  return { ok: findings.length === 0, chains, findings, notes };
}

function chainMissing({ chain, seq }: Anchor): Finding {
  const detail = `the store knows of ${seq} lines of this chain, of which no file is here; verify the folders of all replicas together`;
  return { kind: 'chain-missing', chain, file: undefined, line: undefined, detail };
}
