import { errors } from 'undici';
import { describe, expect, test } from 'vitest';
import { upstreamError } from '../../src/upstreams/failure.ts';

const cut = Object.assign(new Error('SECRET read ECONNRESET'), { code: 'ECONNRESET' });

describe('what became of a try', () => {
  test.each([
    ['connecting', cut, 'upstream.unreachable', 'cannot be reached; the call was not carried out'],
    ['connecting', new errors.ConnectTimeoutError(), 'upstream.unreachable', 'cannot be reached'],
    ['sent', cut, 'upstream.broken', 'broke the connection before it answered; the call may have been carried out'],
    ['answering', cut, 'upstream.broken', 'in the middle of its answer; the call may have been carried out'],
    ['sent', new errors.HeadersTimeoutError(), 'upstream.timeout', 'did not answer within its time-out'],
    ['answering', new errors.BodyTimeoutError(), 'upstream.timeout', 'sent nothing more within its idle time-out'],
    ['connecting', new errors.InvalidArgumentError('SECRET'), 'gateway.internal', 'could not write this request'],
  ] as const)('%s: the client learns whether it was carried out, the log why', (progress, cause, code, says) => {
    const error = upstreamError('openai', cause, progress);
    expect(error).toMatchObject({ code, cause });
    expect(error.message).toContain(says);
    expect(error.message).not.toContain('SECRET');
  });
});
