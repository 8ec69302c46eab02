import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ROOT } from './processes.ts';

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const LINES = 25;

/** Where the CPU went, of every profile in a folder: by file and by function, self time, idle time left out. */
export function renderProfiles(dir: string): string {
  return readdirSync(dir)
    .map(
      (file) => `${basename(file)}\n${renderProfile(JSON.parse(readFileSync(join(dir, file), 'utf8')) as CpuProfile)}`,
    )
    .join('\n');
}

function renderProfile(profile: CpuProfile): string {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node.callFrame]));
  const byFile = new Map<string, number>();
  const byFunction = new Map<string, number>();
  let total = 0;
  for (const [index, id] of profile.samples.entries()) {
    const frame = nodes.get(id);
    const micros = profile.timeDeltas[index] ?? 0;
    if (!frame || frame.functionName === '(idle)') continue;
    const file = fileOf(frame.url) || frame.functionName;
    const name = `${file}:${frame.lineNumber + 1} ${frame.functionName || '(anonymous)'}`;
    byFile.set(file, (byFile.get(file) ?? 0) + micros);
    byFunction.set(name, (byFunction.get(name) ?? 0) + micros);
    total += micros;
  }
  return `${rank(byFile, total)}\n\n${rank(byFunction, total)}\n`;
}

function fileOf(url: string): string {
  return url.replace(/^file:\/\//, '').replace(ROOT, '');
}

function rank(times: ReadonlyMap<string, number>, total: number): string {
  return [...times]
    .sort(([, a], [, b]) => b - a)
    .slice(0, LINES)
    .map(([name, micros]) => `${((100 * micros) / total).toFixed(1).padStart(5)} %  ${name}`)
    .join('\n');
}
