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
        Object.entries(checks).map(async ([name, check]) => [name, (await check()) ?? 'ok'] as const),
      );
      return {
        ready: entries.every(([, state]) => state === 'ok' || state.startsWith('warning: ')),
        checks: Object.fromEntries(entries),
      };
    },
  };
}
