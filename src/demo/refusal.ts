import type { Reply } from './reply.ts';

/** A request that the demo model does not answer. */
export interface Refusal {
  readonly status: 400 | 404 | 405 | 413;
  readonly message: string;
  /** The field at fault. */
  readonly param?: string;
  readonly code?: string;
}

const ANTHROPIC_TYPE: Readonly<Record<Refusal['status'], string>> = {
  400: 'invalid_request_error',
  404: 'not_found_error',
  405: 'invalid_request_error',
  413: 'request_too_large',
};

/** The form of OpenAI's API. */
export function openaiRefusal({ status, message, param, code }: Refusal): Reply {
  const error = { message, type: 'invalid_request_error', param: param ?? null, code: code ?? null };
  return { kind: 'json', status, body: { error } };
}

/** The form of Anthropic's API. */
export function anthropicRefusal({ status, message, param }: Refusal): Reply {
  const error = { type: ANTHROPIC_TYPE[status], message: param === undefined ? message : `${param}: ${message}` };
  return { kind: 'json', status, body: { type: 'error', error } };
}

const GOOGLE_STATUS: Readonly<Record<Refusal['status'], string>> = {
  400: 'INVALID_ARGUMENT',
  404: 'NOT_FOUND',
  405: 'UNIMPLEMENTED',
  413: 'INVALID_ARGUMENT',
};

/** The form of Google's APIs. */
export function geminiRefusal({ status, message, param }: Refusal): Reply {
  const said = param === undefined ? message : `${param}: ${message}`;
  return { kind: 'json', status, body: { error: { code: status, message: said, status: GOOGLE_STATUS[status] } } };
}
