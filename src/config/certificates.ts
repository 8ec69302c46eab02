// The certificates of the listeners. They are read with the config, so that a pair that does not fit changes nothing.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { Certificate } from '../core/certificate.ts';
import type { Fault, Path } from '../documents/faults.ts';
import type { ConfigFile } from './schema.ts';
import { readReference, type SecretSource } from './secrets.ts';

/** The listeners, by the name of their part of the config. */
export type ListenerName = 'listen' | 'admin';
export const LISTENERS = ['listen', 'admin'] as const satisfies readonly ListenerName[];

type Tls = NonNullable<ConfigFile[ListenerName]['tls']>;

/** Where the config refers to certificates and keys. */
export function certificateReferences(
  config: ConfigFile,
): readonly { readonly path: Path; readonly reference: string }[] {
  return LISTENERS.flatMap((listener) => {
    const { tls } = config[listener];
    if (!tls) return [];
    return (['cert', 'key'] as const).map((field) => ({ path: [listener, 'tls', field], reference: tls[field] }));
  });
}

export interface CertificateSource extends SecretSource {
  readonly complain: (fault: Fault) => void;
}

/** The certificate that a listener is to show, or undefined where it has none or a fault was told. */
export async function readCertificate(
  listener: ListenerName,
  tls: Tls,
  source: CertificateSource,
): Promise<Certificate | undefined> {
  const [cert, key] = await Promise.all([readReference(tls.cert, source), readReference(tls.key, source)]);
  const at = (field: keyof Tls): Path => [listener, 'tls', field];
  if (!cert.ok) source.complain({ path: at('cert'), message: cert.message });
  if (!key.ok) source.complain({ path: at('key'), message: key.message });
  if (!cert.ok || !key.ok) return undefined;
  const minVersion = tls.minVersion === '1.3' ? 'TLSv1.3' : 'TLSv1.2';
  const checked = checkPair(cert.value, key.value);
  if ('fault' in checked) {
    source.complain({ path: at(checked.field), message: checked.fault });
    return undefined;
  }
  return { cert: cert.value, key: key.value, minVersion, endsMs: checked.endsMs };
}

type CheckedPair = { readonly endsMs: number } | { readonly field: 'cert' | 'key'; readonly fault: string };

// What OpenSSL says of a key may hold parts of it, so none of it is told.
function checkPair(cert: string, key: string): CheckedPair {
  const leaf = parsed(() => new X509Certificate(cert));
  if (!leaf) return { field: 'cert', fault: 'expected a certificate in PEM, from `-----BEGIN CERTIFICATE-----` on' };
  const secret = parsed((): KeyObject => createPrivateKey(key));
  if (!secret) return { field: 'key', fault: 'expected a private key in PEM that is not encrypted' };
  if (!leaf.checkPrivateKey(secret)) {
    return { field: 'key', fault: 'this is not the key of the certificate; expected the two files of one issue' };
  }
  const context = parsed(() => createSecureContext({ cert, key }));
  if (!context)
    return {
      field: 'cert',
      fault: 'OpenSSL does not take this certificate; its chain or its key is too weak or broken',
    };
  return { endsMs: leaf.validToDate.getTime() };
}

function parsed<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}
