import { errors } from 'undici';
import { GatewayError } from '../core/errors.ts';

const UNREACHED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** What became of an upstream try, as an error. `answered` says whether the head of an answer had come. */
export function upstreamError(upstream: string, error: Error, answered: boolean): GatewayError {
  if (error instanceof GatewayError) return error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (error instanceof errors.HeadersTimeoutError || error instanceof errors.BodyTimeoutError) {
    const what = answered ? 'sent nothing more within its idle time-out' : 'did not answer within its time-out';
    return new GatewayError(
      'upstream.timeout',
      `the upstream \`${upstream}\` ${what}; the call may have been carried out`,
      { cause: error },
    );
  }
  if (!answered && (UNREACHED.has(code) || code.startsWith('ERR_TLS') || code.startsWith('CERT'))) {
    return new GatewayError(
      'upstream.unreachable',
      `the upstream \`${upstream}\` cannot be reached; the call was not carried out`,
      { cause: error },
    );
  }
  const when = answered ? 'in the middle of its answer' : 'before it answered';
  return new GatewayError(
    'upstream.broken',
    `the upstream \`${upstream}\` broke the connection ${when}; the call may have been carried out`,
    {
      cause: error,
    },
  );
}
