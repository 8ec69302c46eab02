// What Linux says of a process: its memory and its open files.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

export const isLinux = process.platform === 'linux';

/** Resident memory, in megabytes. */
export function rssOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024;
}

/** The most that was resident since `forgetPeak`, in megabytes. */
export function peakRssOf(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024;
}

export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** Open file descriptors. */
export function openFilesOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** How many of them it may have: what is in force, and how far it could raise that itself. */
export function fileLimitOf(pid: number | 'self'): { readonly soft: number; readonly hard: number } {
  const [, soft, hard] = /^Max open files\s+(\S+)\s+(\S+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8')) ?? [];
  return { soft: toNumber(soft), hard: toNumber(hard) };
}

function toNumber(text: string | undefined): number {
  return text === 'unlimited' ? Infinity : Number(text);
}
