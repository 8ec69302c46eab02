import pino, { stdSerializers, stdTimeFunctions } from 'pino';
import type { Redactor } from './redact.ts';

export interface LogFields {
  /** Goes out as `trace_id`, which is how log stores find the trace. */
  readonly traceId?: string;
  /** An error goes out with its kind, message, stack and causes. */
  readonly error?: unknown;
  readonly cause?: unknown;
  readonly [name: string]: unknown;
}

/** Where the process says what happened to itself. Calls have no line each: the span and the audit entry are theirs. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export interface LogSource {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly service: string;
  readonly redactor: Redactor;
  /** Where the lines go; each ends with a line feed. */
  readonly write: (line: string) => void;
}

/** A logger of JSON lines. Every line passes through the redactor, whole, as the last thing before it is written. */
export function openLog(source: LogSource): Log {
  const logger = pino(
    {
      level: source.level,
      base: { service: source.service },
      messageKey: 'message',
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
      serializers: { error: stdSerializers.errWithCause, cause: stdSerializers.errWithCause },
    },
    { write: (line: string) => source.write(source.redactor.mask(line)) },
  );
  const at = (level: LogSource['level']) => (message: string, fields?: LogFields) => {
    if (!fields) return logger[level](message);
    const { traceId, ...others } = fields;
    logger[level](traceId === undefined ? others : { trace_id: traceId, ...others }, message);
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** Writes to standard error or output at once, so that the last line before a crash is there. */
export function standardStream(fd: 1 | 2): (line: string) => void {
  const stream = pino.destination({ dest: fd, sync: true });
  return (line) => void stream.write(line);
}
