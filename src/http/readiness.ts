/** Whether this process should get traffic, and why not. */
export interface ReadinessReport {
  readonly ready: boolean;
  /** Check → `ok` or what is wrong. */
  readonly checks: Readonly<Record<string, string>>;
}

export interface Readiness {
  report(): Promise<ReadinessReport>;
}

/** A check passes with undefined, fails with a text, and warns (without making the process unready) with `warning: …`. */
export type Check = () => string | undefined | Promise<string | undefined>;

export function readiness(checks: Readonly<Record<string, Check>>): Readiness {
  return {
    async report() {
      const entries = await Promise.all(
        Object.entries(checks).map(async ([name, check]) => [name, await stateOf(check)] as const),
      );
      return {
        ready: entries.every(([, state]) => state === 'ok' || state.startsWith('warning: ')),
        checks: Object.fromEntries(entries),
      };
    },
  };
}

// What a broken check throws may hold anything, and the report is public.
async function stateOf(check: Check): Promise<string> {
  try {
    return (await check()) ?? 'ok';
  } catch {
    return 'the check itself failed';
  }
}
