import { errors } from 'undici';
import { GatewayError } from '../core/errors.ts';

/** How far a try had come when it failed. */
export type Progress = 'connecting' | 'sent' | 'answering';

/** What became of an upstream try. The client can send the same again only where the message says it was not carried out. */
export function upstreamError(upstream: string, error: Error, progress: Progress): GatewayError {
  if (error instanceof errors.InvalidArgumentError) {
    const message = 'the gateway could not write this request for its upstream; its log has the cause';
    return new GatewayError('gateway.internal', message, { cause: error });
  }
  if (progress === 'connecting') {
    const message = `the upstream \`${upstream}\` cannot be reached; the call was not carried out`;
    return new GatewayError('upstream.unreachable', message, { cause: error });
  }
  const isTimeout = error instanceof errors.HeadersTimeoutError || error instanceof errors.BodyTimeoutError;
  const message = `the upstream \`${upstream}\` ${(isTimeout ? LATE : BROKEN)[progress]}; the call may have been carried out`;
  return new GatewayError(isTimeout ? 'upstream.timeout' : 'upstream.broken', message, { cause: error });
}

const LATE = {
  sent: 'did not answer within its time-out',
  answering: 'sent nothing more within its idle time-out',
} as const;

const BROKEN = {
  sent: 'broke the connection before it answered',
  answering: 'broke the connection in the middle of its answer',
} as const;
