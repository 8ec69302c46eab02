// The operators' side of a gateway under test: its part of the config, tokens, and its API.
import { IDENTITY, token, type Waygate } from './waygate.ts';

const [ISSUER] = IDENTITY.issuers;

/** For `admin` of the config: the test issuer vouches for operators too, under an audience of their own. */
export const OPERATORS = {
  issuers: [
    {
      issuer: ISSUER?.issuer,
      audience: 'waygate-admin',
      algorithms: ['ES256'],
      jwks: ISSUER?.jwks,
      roles: { viewer: 'viewer', approver: 'approver', operator: 'operator' },
    },
  ],
};

/** Asks the operators' API as one who may do everything. */
export async function operate(gateway: Waygate, path: string, body?: unknown): Promise<Operated> {
  const bearer = await token({ aud: 'waygate-admin', sub: 'olga', roles: 'operator' });
  const response = await fetch(`${gateway.adminUrl}/api/${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

export interface Operated {
  readonly status: number;
  readonly body: unknown;
}
