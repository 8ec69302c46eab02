import type { Config } from '../config/load.ts';
import { type ListenerName, LISTENERS } from '../config/certificates.ts';
import { certificateWarning } from '../core/certificate.ts';
import type { Clock } from '../core/clock.ts';
import type { Listener } from '../http/listener.ts';
import type { Check } from '../http/readiness.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';

/** What the listeners show over TLS, kept in step with the configuration. */
export interface Certificates {
  /** From here on this listener is told of new certificates. */
  attach(name: ListenerName, listener: Listener): void;
  /** Shows the certificates of this configuration to connections that come from now on. */
  renew(next: Config): void;
  /** Warns of certificates that end. */
  readonly check: Check;
}

export interface CertificatesSource {
  readonly config: Config;
  readonly telemetry: Pick<Telemetry, 'log' | 'metrics'>;
  readonly clock: Clock;
}

export function certificates({ config, telemetry: { log, metrics }, clock }: CertificatesSource): Certificates {
  const listeners = new Map<ListenerName, Listener>();
  let current = config;
  const warnings = (): readonly string[] =>
    LISTENERS.flatMap((name) => {
      const certificate = current.certificate(name);
      const warning = certificate && certificateWarning(certificate, clock.now());
      return warning === undefined ? [] : [`\`${name}\`: ${warning}`];
    });
  function show(name: ListenerName, listener: Listener): void {
    const certificate = current.certificate(name);
    if (!certificate) return;
    listener.show(certificate);
    metrics.certificateShown(name, certificate.endsMs);
  }
  function warn(): void {
    for (const warning of warnings()) log.warn('a certificate ends', { warning });
  }
  warn();
  return {
    attach(name, listener) {
      listeners.set(name, listener);
      show(name, listener);
    },
    renew(next) {
      current = next;
      for (const [name, listener] of listeners) show(name, listener);
      warn();
    },
    check() {
      const ending = warnings();
      return ending.length === 0 ? undefined : `warning: ${ending.join('; ')}`;
    },
  };
}
