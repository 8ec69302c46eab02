// How private keys are kept where others may read: encrypted under a key that the store never sees.
import { compactDecrypt, CompactEncrypt } from 'jose';

export interface Sealer {
  seal(text: string): Promise<string>;
  /** undefined for what was not sealed by this one, or was changed since. */
  open(sealed: string): Promise<string | undefined>;
}

const KEY_BYTES = 32;
const HEX = /^[0-9a-fA-F]{64}$/;
const BASE64 = /^[A-Za-z0-9+/_-]{43}=?$/;

/** A key of 256 bits in hex, base64 or base64url; or what is expected. */
export function readWrapKey(text: string): Uint8Array | string {
  const trimmed = text.trim();
  const bytes = HEX.test(trimmed) ? Buffer.from(trimmed, 'hex') : Buffer.from(trimmed, 'base64');
  if ((HEX.test(trimmed) || BASE64.test(trimmed)) && bytes.length === KEY_BYTES) return new Uint8Array(bytes);
  return 'expected 32 random bytes in base64 or hex, as `openssl rand -base64 32` prints them';
}

/** JWE in its compact form, `dir` and `A256GCM` (RFC 7518 §4.5, §5.3): what was changed does not open. */
export function jweSealer(key: Uint8Array): Sealer {
  return {
    seal: (text) =>
      new CompactEncrypt(new TextEncoder().encode(text))
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
        .encrypt(key),
    async open(sealed) {
      try {
        const { plaintext } = await compactDecrypt(sealed, key, {
          keyManagementAlgorithms: ['dir'],
          contentEncryptionAlgorithms: ['A256GCM'],
        });
        return new TextDecoder().decode(plaintext);
      } catch {
        return undefined;
      }
    },
  };
}

/** For keys that never leave this process. */
export const unsealed: Sealer = { seal: (text) => Promise.resolve(text), open: (text) => Promise.resolve(text) };
