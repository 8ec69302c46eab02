import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './processes.ts';

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
}

const LINES = 30;
const NOT_WORK = new Set(['(idle)', '(root)']);

/**
 * Where the CPU went, of every profile in a folder: self time by folder or package, by file and by function. Samples are
 * counted, not their distances: those hold the time in which other programs had the core.
 */
export function renderProfiles(dir: string): string {
  return readdirSync(dir)
    .map((file) => {
      const profile = JSON.parse(readFileSync(join(dir, file), 'utf8')) as CpuProfile;
      return `${join(dir, file)}\n${renderProfile(profile)}`;
    })
    .join('\n');
}

function renderProfile(profile: CpuProfile): string {
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const counts = { place: new Map<string, number>(), file: new Map<string, number>(), name: new Map<string, number>() };
  let total = 0;
  for (const id of profile.samples) {
    const frame = frames.get(id);
    if (!frame || NOT_WORK.has(frame.functionName)) continue;
    const file = frame.url.replace(/^file:\/\//, '').replace(ROOT, '') || `native ${frame.functionName}`;
    add(counts.place, placeOf(file));
    add(counts.file, file);
    add(counts.name, `${file}:${frame.lineNumber + 1} ${frame.functionName || '(anonymous)'}`);
    total += 1;
  }
  return Object.values(counts)
    .map((count) => rank(count, total))
    .join('\n\n');
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** `src/policy`, `node_modules/undici`, `node:http` … */
function placeOf(file: string): string {
  const module = /^(?:src\/[^/]+|node_modules\/(?:@[^/]+\/)?[^/]+)/.exec(file)?.[0];
  return module ?? (file.startsWith('wasm:') ? 'wasm' : file.replace(/^(node:(?:internal\/)?[^/]+).*/, '$1'));
}

function rank(counts: ReadonlyMap<string, number>, total: number): string {
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, LINES)
    .map(([name, count]) => `${((100 * count) / total).toFixed(1).padStart(5)} %  ${name}`)
    .join('\n');
}
