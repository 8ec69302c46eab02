// What clients that send no header of their own say of their session in the request itself (docs/runs.md).
import { type Hint, isHint } from './hints.ts';

type Args = Readonly<Record<string, unknown>>;

/**
 * The session that a model request names: `prompt_cache_key` (Kimi Code, and what other clients of OpenAI set it to), or
 * `metadata.user_id`, which Claude Code's kin write as JSON with a `session_id`, and Kimi Code as the session itself.
 */
export function bodyHint({ prompt_cache_key: cacheKey, metadata }: Args): Hint | undefined {
  const session = sessionOf(cacheKey) ?? sessionIn(metadata);
  return session === undefined ? undefined : { session, agent: undefined, parent: undefined };
}

function sessionIn(metadata: unknown): string | undefined {
  if (typeof metadata !== 'object' || metadata === null) return undefined;
  const { user_id: user } = metadata as Args;
  if (typeof user !== 'string' || user.length > TEXT_MAX) return undefined;
  if (!user.startsWith('{')) return user.startsWith('session_') ? sessionOf(user) : undefined;
  try {
    return sessionOf((JSON.parse(user) as Args)['session_id']);
  } catch {
    return undefined;
  }
}

const TEXT_MAX = 1_024;

function sessionOf(value: unknown): string | undefined {
  return typeof value === 'string' && isHint(value) ? value : undefined;
}
