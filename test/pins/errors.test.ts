import { describe, test } from 'vitest';
import { ERRORS } from '../../src/core/errors.ts';
import { expectPinned } from './pinned.ts';

describe('error codes', () => {
  test('each keeps its status, who has to act, and whether a retry can help', () => {
    const rows = Object.entries(ERRORS).map(
      ([code, { status, blame, retry }]) => `${code} ${status} ${blame}${retry ? ' retry' : ''}`,
    );
    expectPinned(rows, [
      'request.invalid 400 caller',
      'request.mismatch 400 caller',
      'request.too_large 413 caller',
      'request.too_many_headers 431 caller',
      'request.encoding 415 caller',
      'request.origin 403 caller',
      'request.upgrade 426 caller',
      'request.aborted 499 caller',
      'request.timeout 408 caller',
      'identity.missing 401 caller',
      'identity.invalid 401 caller',
      'identity.expired 401 caller',
      'identity.unavailable 503 gateway retry',
      'route.unknown 404 caller',
      'route.method 405 caller',
      'route.model 404 caller',
      'route.operation 404 caller',
      'policy.denied 403 policy',
      'policy.hold 403 policy',
      'policy.obligation 403 policy',
      'limit.rate 429 limit retry',
      'limit.concurrency 429 limit retry',
      'limit.budget 402 limit',
      'limit.held 429 limit retry',
      'limit.unavailable 503 gateway retry',
      'limit.lost 503 gateway',
      'limit.tree 403 limit',
      'run.killed 403 caller',
      'run.paused 409 caller retry',
      'run.draining 403 caller',
      'run.ended 403 caller',
      'run.repeats 403 policy',
      'run.moved 503 gateway retry',
      'approval.denied 403 policy',
      'journal.unknown 409 caller',
      'journal.mismatch 409 caller',
      'price.unknown 403 policy',
      'audit.unavailable 503 gateway retry',
      'upstream.unreachable 502 upstream retry',
      'upstream.unavailable 503 upstream retry',
      'upstream.broken 502 upstream',
      'upstream.timeout 504 upstream',
      'upstream.redirect 502 upstream',
      'upstream.too_large 502 upstream',
      'gateway.draining 503 gateway retry',
      'gateway.overloaded 503 gateway retry',
      'gateway.internal 500 gateway',
    ]);
  });
});
