import { z } from 'zod';
import { NOT_A_REFERENCE, SECRET_REFERENCE } from '../core/secret-reference.ts';

const milliseconds = z.int().min(50).max(3_600_000);
const count = z.int().min(1).max(1_000_000);

/** `frontDoor` in the configuration: how much the data listener takes at once, and how long it waits. */
export const frontDoorSchema = z.strictObject({
  connections: count.default(16_384).describe('Open connections at most; further ones get 503 and are closed.'),
  connectionsPerPeer: count.default(12_288).describe('Of these, from one address.'),
  requests: count.default(8_192).describe('Calls under way at most, streams included; further ones get 503.'),
  streams: count.default(4_096).describe('Answers that flow at most; no further call is taken until one has ended.'),
  bodyBytes: z
    .int()
    .min(1_048_576)
    .max(68_719_476_736)
    .default(268_435_456)
    .describe('Bytes of all request bodies that are held at once; a call that does not fit gets 503.'),
  headMs: milliseconds.default(10_000).describe("For a request's header fields to arrive; then 408."),
  bodyMs: milliseconds.default(300_000).describe("For a request's body to arrive; then 408."),
  bodyBytesPerSecond: z
    .int()
    .min(0)
    .max(1_073_741_824)
    .default(1_024)
    .describe('What a body must keep up on average once it took 10 s; slower ones get 408.'),
  idleMs: milliseconds.default(75_000).describe('How long a connection is kept open between two requests.'),
  stallMs: milliseconds
    .default(60_000)
    .describe('How long a client may take no byte of its answer; then it is cut off.'),
  readers: z
    .int()
    .min(1)
    .max(64)
    .default(2)
    .describe('Threads that read bodies of more than 512 KB, each started when it is first needed.'),
  readerQueue: count
    .default(64)
    .describe('Large bodies that may wait for such a thread; a call that finds more waiting gets 503.'),
});
export type FrontDoorConfig = z.output<typeof frontDoorSchema>;

const reference = z.string().regex(SECRET_REFERENCE, NOT_A_REFERENCE);

/** How a listener speaks TLS. */
export const tlsSchema = z.strictObject({
  cert: reference.describe(
    'The certificate and those between it and its root, in PEM; watched, and taken anew on change.',
  ),
  key: reference.describe('Its private key, in PEM and not encrypted; watched, and taken anew on change.'),
  minVersion: z.enum(['1.2', '1.3']).default('1.2').describe('The oldest version of TLS that is spoken.'),
});
