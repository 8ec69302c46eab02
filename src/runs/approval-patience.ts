// How long a client may be kept waiting without a byte, so that it is still there when the answer comes. A client that has
// given up repeats its call, or tells its user of a time-out instead of the approval.
import type { Call } from '../core/call.ts';
import { header } from '../core/exchange.ts';

/** By the beginning of `User-Agent`; measured, less a margin. */
const CLIENTS = [
  [/^gemini/i, 45_000],
  [/^qwen/i, 100_000],
  [/^(?:claude-cli|codex|google-genai)/i, 300_000],
] as const;
/** MCP SDKs give a request up after 60 s. */
const MCP_MS = 50_000;
/** Whatever is built on the fetch of Node gives up after 300 s. */
const OTHERS_MS = 270_000;

/** The policy's wait, or as much of it as the call's client has patience for. */
export function patientWait({ dialect, headers }: Pick<Call, 'dialect' | 'headers'>, waitMs: number): number {
  if (dialect === 'mcp') return Math.min(waitMs, MCP_MS);
  const agent = header(headers, 'user-agent') ?? '';
  return Math.min(waitMs, CLIENTS.find(([start]) => start.test(agent))?.[1] ?? OTHERS_MS);
}
