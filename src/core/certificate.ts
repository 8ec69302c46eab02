/** What a listener shows over TLS. */
export interface Certificate {
  /** The certificate and those that lead to its root, in PEM. */
  readonly cert: string;
  /** In PEM. */
  readonly key: string;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** When the certificate ends, in milliseconds since 1970. */
  readonly endsMs: number;
}

const SOON_MS = 7 * 86_400_000;

/** What is to be said of a certificate that has ended or ends within a week. */
export function certificateWarning({ endsMs }: Pick<Certificate, 'endsMs'>, nowMs: number): string | undefined {
  if (endsMs - nowMs > SOON_MS) return undefined;
  const day = new Date(endsMs).toISOString().slice(0, 10);
  return `the certificate ${endsMs > nowMs ? 'ends' : 'ended'} on ${day}; put a new one in its place`;
}
