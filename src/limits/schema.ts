import { z } from 'zod';
import { parseMoney } from '../core/money.ts';
import { SECRET_REFERENCE } from '../core/secret-reference.ts';
import { COMMAND_TIMEOUT_MS, LEASE_MAX_MS, LEASE_MS, WAIT_MAX_MS, WAIT_MS } from './bounds.ts';
import { parseNode, parseRedisUrl } from './redis-address.ts';

const nodes = z.array(z.string().refine((text) => parseNode(text) !== undefined, 'expected `host:port`')).min(1);

/** A password may stand in what a reference leads to, never in the config. */
const address = z.string().refine((text) => {
  if (SECRET_REFERENCE.test(text)) return true;
  const url = parseRedisUrl(text);
  return url !== undefined && url.password === undefined;
}, 'expected `redis://host:port` without a password, or a reference such as `env:REDIS_URL` to the whole address');

const redisSchema = z
  .strictObject({
    kind: z.literal('redis').describe('Memory is for one process on loopback, and is lost with it.'),
    url: address.describe(
      '`redis://host:port/database`, `rediss://` for TLS, or a reference to such an address with user and password. With `sentinel` its host does not count.',
    ),
    sentinel: z
      .strictObject({
        name: z.string().min(1).describe('Name of the master.'),
        nodes: nodes.describe('Sentinels, as `host:port`.'),
      })
      .optional()
      .describe('Redis behind Sentinel.'),
    cluster: z
      .strictObject({ nodes: nodes.describe('Nodes besides the one of the url, as `host:port`.') })
      .optional()
      .describe('Redis Cluster.'),
    commandTimeoutMs: z
      .int()
      .min(10)
      .max(200)
      .default(COMMAND_TIMEOUT_MS)
      .describe('How long a call waits for the store before it is refused.'),
    leaseMs: z
      .int()
      .min(5_000)
      .max(LEASE_MAX_MS)
      .default(LEASE_MS)
      .describe('How long a reservation outlives a gateway that crashed; then it is charged in full.'),
  })
  .refine(({ sentinel, cluster }) => !sentinel || !cluster, {
    message: 'expected `sentinel` or `cluster`, not both',
    path: ['cluster'],
  });

/** `store` of the config: where limits are counted. Memory is for one process and is lost with it. */
export const storeSchema = z.discriminatedUnion('kind', [z.strictObject({ kind: z.literal('memory') }), redisSchema]);

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, min: 60_000, h: 3_600_000 };

/** `60/min` as so many calls in a rolling window. */
const localRate = z.string().transform((text, context) => {
  const [, digits, unit = ''] = /^([1-9]\d{0,8})\/(s|min|h)$/.exec(text) ?? [];
  const ms = UNIT_MS[unit];
  if (digits !== undefined && ms !== undefined) return { amount: Number(digits), ms };
  context.addIssue({ code: 'custom', message: 'expected a rate like `60/min`, `10/s` or `1000/h`' });
  return z.NEVER;
});

const localBudget = z.string().transform((text, context) => {
  const money = parseMoney(text);
  if (money !== undefined) return money;
  context.addIssue({ code: 'custom', message: 'expected an amount like `5 USD`' });
  return z.NEVER;
});

const LOCAL_MAX_MS = 3_600_000;

const localTime = z.string().transform((text, context) => {
  const [, digits, unit = ''] = /^([1-9]\d{0,4})(s|min|h)$/.exec(text) ?? [];
  const ms = Number(digits) * (UNIT_MS[unit] ?? NaN);
  if (ms <= LOCAL_MAX_MS) return ms;
  context.addIssue({ code: 'custom', message: 'expected a time like `90s` or `10min`, up to `1h`' });
  return z.NEVER;
});

/** `failure` of a route or upstream: what becomes of its calls while the store does not answer. */
export const failureSchema = z
  .discriminatedUnion('store', [
    z.strictObject({ store: z.literal('closed') }),
    z.strictObject({
      store: z
        .literal('local')
        .describe(
          '`closed`, unless said, refuses them. With `local` each process lets calls through by its own count, within all bounds.',
        ),
      rate: localRate.describe('With `local`: calls of one principal, e.g. `60/min`.'),
      total: localRate.describe('With `local`: calls of all principals, e.g. `600/min`.'),
      budget: localBudget.describe(
        'With `local`: what calls of one tenant may cost that the ledger does not know of yet, e.g. `5 USD`.',
      ),
      for: localTime.describe(
        'With `local`: how long, from the first call of a tenant that the store does not answer; up to `1h`.',
      ),
    }),
  ])
  .default({ store: 'closed' });
export type FailureConfig = z.infer<typeof failureSchema>;

/** `limits` of the config: how calls wait for room. */
export const limitsSchema = z.strictObject({
  waitMs: z
    .int()
    .min(0)
    .max(WAIT_MAX_MS)
    .default(WAIT_MS)
    .describe(
      'How long a call waits that only a rate, or what running calls hold, keeps out; `0` refuses it at once. A limit may say its own `wait`.',
    ),
  waitingMax: z
    .int()
    .min(1)
    .max(100_000)
    .default(10_000)
    .describe('Calls that may wait at once; further ones are refused.'),
  waitingPerTenantMax: z
    .int()
    .min(1)
    .max(100_000)
    .default(1_000)
    .describe('Calls of one tenant that may wait at once.'),
});
