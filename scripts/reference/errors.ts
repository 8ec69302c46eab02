import { type ErrorCode, ERRORS } from '../../src/core/errors.ts';
import { page, table } from './markdown.ts';

const MEANINGS: Readonly<Record<ErrorCode, string>> = {
  'request.invalid': 'The request cannot be read in exactly one way: broken JSON, a key twice, ambiguous framing',
  'request.mismatch': 'A header says something else than the body',
  'request.too_large': 'The body is larger than its route allows',
  'request.too_many_headers': 'The request has more than 100 header fields',
  'request.encoding': 'The body is compressed in a way that is not decoded here',
  'request.origin': 'A web page asks that may not, or by a name that is not this machine’s',
  'request.upgrade': 'The route does not speak WebSocket; the client falls back to plain HTTP',
  'request.aborted': 'The client went away before its answer; nobody sees this but the records',
  'request.timeout': 'The client sent its request too slowly',
  'identity.missing': 'The request shows no token and no key',
  'identity.invalid': 'The token or key was not accepted; the message says why',
  'identity.expired': 'The token or key was good and is no longer',
  'identity.unavailable': 'The keys of the issuer cannot be had, and those last known are too old',
  'route.unknown': 'No base address begins like this path',
  'route.method': 'The path is known, the method is not',
  'route.model': 'No upstream of the route serves this model',
  'route.operation': 'The route does not know this operation',
  'policy.denied': 'A rule denies the call, or none allows it',
  'policy.hold': 'A rule holds the call until a person has approved it',
  'policy.obligation': 'The permit came with an obligation that cannot be done',
  'limit.rate': 'Too many requests or tokens in too short a time',
  'limit.concurrency': 'Too many calls under way at the same moment',
  'limit.budget': 'The budget does not hold the worst that the call may cost',
  'limit.held': 'What is left of the budget is held by running calls',
  'limit.unavailable': 'The store of limits does not answer',
  'limit.lost': 'The ledger of the tenant is gone, so nobody knows what has been spent',
  'limit.tree': 'A run has used up its steps or its children, or lies too deep or too long back',
  'run.killed': 'The run, one above it, its agent or its tenant was killed',
  'run.paused': 'The run is paused, and waiting brought no change',
  'run.draining': 'The run ends what is under way and begins nothing new',
  'run.ended': 'The run has ended',
  'run.repeats': 'The run repeats the same call with the same result',
  'run.moved': 'The run changed time after time while the call was judged',
  'approval.denied': 'A person refused the call',
  'journal.unknown': 'Nobody knows whether the call that this one repeats was carried out',
  'journal.mismatch': 'Another call was made with the same idempotency key',
  'price.unknown': 'The model has no price, and an unknown price is never taken for none',
  'audit.unavailable': 'The audit log cannot be written, so nothing may happen',
  'upstream.unreachable': 'No connection to the upstream; it has seen nothing of the call',
  'upstream.unavailable':
    'The upstream failed too often of late, so its circuit is open and nothing is sent for a while',
  'upstream.broken': 'The upstream ended its answer in the middle, or it cannot be read',
  'upstream.timeout': 'The upstream did not answer in time',
  'upstream.redirect': 'The upstream answered with a redirect, which is not followed',
  'upstream.too_large': "The upstream's answer is larger than can be read whole",
  'gateway.draining': 'This replica is shutting down; another one takes the request',
  'gateway.overloaded': 'This replica has as many calls as it can hold',
  'gateway.internal': 'A fault of the gateway; its log has the cause',
};

/** docs/reference/errors.md */
export function errorsPage(): string {
  const rows = (Object.keys(ERRORS) as ErrorCode[]).map((code) => {
    const { status, blame, retry } = ERRORS[code];
    return [`\`${code}\``, String(status), blame, retry ? 'yes' : '', MEANINGS[code]];
  });
  return page(
    '# Error codes',
    'The part of a code before its dot is the stage that refused. *Status* is the plain HTTP one; where clients of a dialect would retry it in vain, the dialect says it differently. *Who acts* is whoever can change the outcome, and a label of the metric `waygate.refusals`. *Retry* says whether the same request may succeed later without anybody changing anything.',
    table(['code', 'status', 'who acts', 'retry', 'meaning'], rows),
  );
}
