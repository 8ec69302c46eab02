// What the audit says of a tree, where it lies on this machine: which tools were called, and what was refused.
import { stat } from 'node:fs/promises';
import { chainsIn } from '../audit/chains.ts';
import { unseal } from '../audit/chain.ts';
import { readLines } from '../audit/lines.ts';

/** How often, by name. */
export type Tally = Readonly<Record<string, number>>;

export interface AuditedTree {
  /** By resource, e.g. `tool/github/get_issue`. */
  readonly tools: Tally;
  /** By the rule that refused, or the code of the error. */
  readonly refused: Tally;
}

interface Line {
  readonly kind: string;
  readonly run?: { readonly id: string; readonly root: string; readonly path?: readonly string[] };
  readonly action?: string;
  readonly resource?: string;
  readonly error?: { readonly code: string; readonly rule?: string };
}

/**
 * Reads the files that were written to since the run began. Undefined where none tells of the run: then it is the audit of
 * another gateway. Rejects where the folder cannot be read.
 */
export async function auditOf(
  dir: string,
  { run, sinceMs }: { readonly run: string; readonly sinceMs: number },
): Promise<AuditedTree | undefined> {
  let isKnown = false;
  const tools: Record<string, number> = {};
  const refused: Record<string, number> = {};
  for await (const line of linesSince(dir, sinceMs)) {
    const { kind, action, resource = '', error } = line;
    if (!isBelow(line, run)) continue;
    isKnown = true;
    if (kind === 'permit' && action === 'tool.call') tools[resource] = (tools[resource] ?? 0) + 1;
    if (kind !== 'refusal') continue;
    const why = error?.rule ?? error?.code ?? 'unknown';
    refused[why] = (refused[why] ?? 0) + 1;
  }
  return isKnown ? { tools, refused } : undefined;
}

function isBelow({ run }: Line, top: string): boolean {
  return run !== undefined && (run.id === top || run.root === top || (run.path?.includes(top) ?? false));
}

async function* linesSince(dir: string, sinceMs: number): AsyncGenerator<Line> {
  for (const { path } of [...(await chainsIn([dir])).values()].flat()) {
    if ((await stat(path)).mtimeMs < sinceMs) continue;
    for await (const { bytes, whole } of readLines(path)) {
      const opened = whole ? unseal(bytes) : undefined;
      if (opened) yield JSON.parse(`${opened.text.toString()}}`) as Line;
    }
  }
}
