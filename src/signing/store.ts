/** A signing key as it is kept: when it begins to sign (milliseconds since the epoch), and the rest sealed. */
export interface KeptKey {
  readonly kid: string;
  readonly fromMs: number;
  readonly sealed: string;
}

/** Where generated signing keys are kept, for every replica: one suite of tests runs against each. */
export interface SigningKeyStore {
  /** Rejects where the store does not answer, or holds something else. */
  read(): Promise<readonly KeptKey[]>;
  /** Puts keys in place of exactly those that were read; false where others changed them since. */
  replace(known: readonly KeptKey[], next: readonly KeptKey[]): Promise<boolean>;
}

export function memorySigningKeys(): SigningKeyStore {
  let kept = '[]';
  return {
    read: () => Promise.resolve(JSON.parse(kept) as KeptKey[]),
    replace(known, next) {
      const stands = kept === keysText(known);
      if (stands) kept = keysText(next);
      return Promise.resolve(stands);
    },
  };
}

/** The one text that stands for these keys. */
export function keysText(keys: readonly KeptKey[]): string {
  return JSON.stringify(keys.map(({ kid, fromMs, sealed }) => ({ kid, fromMs, sealed })));
}
