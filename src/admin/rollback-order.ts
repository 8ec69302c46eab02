// What an operator asks of a rollback.

export interface Order {
  readonly tenant: string;
  /** The newest step that stays as it is, or the call that is it; from the beginning where it is left out. */
  readonly to: number | string | undefined;
  readonly dryRun: boolean;
  readonly plan: string | undefined;
  readonly keepGoing: boolean;
  readonly reason: string;
}

const TYPES: Readonly<Record<keyof Order, readonly string[]>> = {
  tenant: ['string'],
  to: ['number', 'string', 'undefined'],
  dryRun: ['boolean', 'undefined'],
  plan: ['string', 'undefined'],
  keepGoing: ['boolean', 'undefined'],
  reason: ['string', 'undefined'],
};

/** The order in a body, or what is wrong with it. */
export function readOrder(body: unknown): Order | string {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return 'expected a body: a JSON object';
  const fields = body as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(fields).find((name) => !Object.hasOwn(TYPES, name));
  if (unknown !== undefined) return `expected ${Object.keys(TYPES).join(', ')}, not \`${unknown.slice(0, 100)}\``;
  for (const [name, types] of Object.entries(TYPES)) {
    if (!types.includes(typeof fields[name])) return `expected \`${name}\` to be ${types[0]}`;
  }
  const { dryRun = false, keepGoing = false, reason = 'rollback' } = fields;
  return { ...fields, dryRun, keepGoing, reason } as Order;
}
