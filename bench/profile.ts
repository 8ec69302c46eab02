import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './processes.ts';

interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

interface Frame {
  readonly file: string;
  readonly name: string;
  readonly caller: Frame | undefined;
}

const LINES = 30;
const NOT_WORK = new Set(['(idle)', '(root)']);

/**
 * Where the CPU went, of every profile in a folder: by stage (what Node and packages do for a stage is the stage's), then
 * self time by file and by function. Samples are counted, not their distances: those hold the time in which other programs
 * had the core.
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
  const frames = framesOf(profile.nodes);
  const counts = { stage: new Map<string, number>(), file: new Map<string, number>(), name: new Map<string, number>() };
  let total = 0;
  for (const id of profile.samples) {
    const frame = frames.get(id);
    if (!frame) continue;
    add(counts.stage, stageOf(frame));
    add(counts.file, frame.file);
    add(counts.name, `${frame.file}:${frame.name}`);
    total += 1;
  }
  return Object.entries(counts)
    .map(([by, count]) => `by ${by}\n${rank(count, total)}`)
    .join('\n\n');
}

/** The frames that are work, each with its caller. */
function framesOf(nodes: readonly ProfileNode[]): Map<number, Frame> {
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const frames = new Map<number, Frame>();
  // A node comes after its parent: V8 writes the tree from the top.
  for (const { id, callFrame } of nodes) {
    if (NOT_WORK.has(callFrame.functionName)) continue;
    const file = callFrame.url.replace(/^file:\/\//, '').replace(ROOT, '') || `native ${callFrame.functionName}`;
    const name = `${callFrame.lineNumber + 1} ${callFrame.functionName || '(anonymous)'}`;
    frames.set(id, { file, name, caller: frames.get(parents.get(id) ?? NaN) });
  }
  return frames;
}

/** The nearest folder of `src` up the stack, else the package, else Node's module. */
function stageOf(frame: Frame): string {
  for (let at: Frame | undefined = frame; at; at = at.caller) {
    const stage = /^src\/[^/]+/.exec(at.file)?.[0];
    if (stage) return stage;
  }
  const module = /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(frame.file)?.[0];
  return module ?? frame.file.replace(/^(node:(?:internal\/)?[^/]+).*/, '$1');
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function rank(counts: ReadonlyMap<string, number>, total: number): string {
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, LINES)
    .map(([name, count]) => `${((100 * count) / total).toFixed(1).padStart(5)} %  ${name}`)
    .join('\n');
}
