// What a request to the operators' API says, held against its schema.
import type { AdminRequest } from './exchange.ts';
import { Refused } from './exchange.ts';

interface Schema<T> {
  safeParse(value: unknown):
    | { readonly success: true; readonly data: T }
    | {
        readonly success: false;
        readonly error: {
          readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[];
        };
      };
}

/** Tenant of everybody whose issuer or key says nothing of tenants. */
const DEFAULT_TENANT = 'default';

/** The query as its schema has it. Throws 400 with what is wrong. */
export function readQuery<T>(schema: Schema<T>, { query }: AdminRequest): T {
  return take(schema, query, 'the query');
}

/** The body as its schema has it. Throws 400 with what is wrong. */
export function readBody<T>(schema: Schema<T>, { body }: AdminRequest): T {
  if (body === undefined) throw new Refused(400, 'request.invalid', 'expected a body: a JSON object');
  return take(schema, body, 'the body');
}

/** The tenant that is meant where none is named: the viewer's one, else `default`. */
export function tenantOf({ viewer: { tenants } }: AdminRequest, named: string | undefined): string {
  if (named !== undefined) return named;
  return tenants.length === 1 && tenants !== '*' ? (tenants[0] ?? DEFAULT_TENANT) : DEFAULT_TENANT;
}

function take<T>(schema: Schema<T>, value: unknown, what: string): T {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const faults = read.error.issues.map(({ path, message }) => {
    const at = path.length === 0 ? '' : `\`${path.map(String).join('.')}\`: `;
    return `${at}${message.charAt(0).toLowerCase()}${message.slice(1)}`;
  });
  throw new Refused(400, 'request.invalid', `${what} is not as it must be: ${faults.slice(0, 8).join('; ')}`);
}
