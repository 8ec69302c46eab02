// Part of the composition root: who vouches for callers, and who for operators.
import { join } from 'node:path';
import type { Config } from '../config/load.ts';
import { DEV_ISSUER_FILE, openDevIssuer } from '../identity/dev-issuer.ts';
import { type Authenticate, authenticator, identifier } from '../identity/identify.ts';
import { type IdentifyOperator, operatorIdentifier } from '../identity/operators.ts';
import type { Stages } from '../stages.ts';
import type { Parts } from './parts.ts';

export interface Identities {
  readonly identify: Stages['identify'];
  readonly authenticate: Authenticate;
}

export function identities({ identity }: Config, { clock, remoteKeys, dir, delegation }: Parts): Identities {
  const dev = identity.dev ? [openDevIssuer(join(dir, DEV_ISSUER_FILE)).issuer] : [];
  const issuers = [...identity.issuers, ...dev];
  const source = { issuers, keys: identity.keys, clock, remoteKeys, own: delegation?.own };
  const authenticate = authenticator(source);
  return { identify: identifier(source, authenticate), authenticate };
}

/** Undefined where nobody may operate. */
export function operatorsOf(
  { identity, operators }: Config,
  { clock, remoteKeys, dir }: Parts,
): IdentifyOperator | undefined {
  const dev = identity.dev ? [openDevIssuer(join(dir, DEV_ISSUER_FILE))] : [];
  return operatorIdentifier({
    issuers: [...operators, ...dev.map((one) => one.operators)],
    dataIssuers: [...identity.issuers, ...dev.map(({ issuer }) => issuer)],
    clock,
    remoteKeys,
  });
}
