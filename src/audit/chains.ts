import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseSegment, type Segment, segmentName } from './segment.ts';

/** A file of a chain, and where it is. */
export interface ChainFile extends Segment {
  readonly path: string;
}

/** The files in some folders, by chain and in their order. A folder that is named twice counts once. Rejects where one cannot be read. */
export async function chainsIn(dirs: readonly string[]): Promise<ReadonlyMap<string, readonly ChainFile[]>> {
  const folders = new Set(dirs.map((dir) => resolve(dir)));
  const files = (await Promise.all([...folders].map(filesIn))).flat();
  return Map.groupBy(
    files.sort((left, right) => left.number - right.number),
    ({ chain }) => chain,
  );
}

async function filesIn(dir: string): Promise<readonly ChainFile[]> {
  const segments = (await readdir(dir)).map(parseSegment).filter((segment) => segment !== undefined);
  return segments.map((segment) => ({ ...segment, path: join(dir, segmentName(segment)) }));
}
