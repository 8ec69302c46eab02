// HTTP/2 as the front door reads and answers it: Node's compatibility API, mended where it tells less than HTTP/1.1's does.
// INVARIANT: what a client gave up never looks complete, neither its body nor its answer.
import {
  constants,
  Http2ServerRequest,
  Http2ServerResponse,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { ReadableOptions } from 'node:stream';

/** A request of HTTP/2, with the fields that it would have in HTTP/1.1. */
export class StreamRequest extends Http2ServerRequest {
  constructor(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    options: ReadableOptions,
    rawHeaders: readonly string[],
  ) {
    super(stream, headers, options, fieldsOf(rawHeaders, stream.endAfterHeaders));
    // Left alone, Node ends the body of a request that was broken off as if it were whole.
    stream.once('aborted', () => this.destroy());
  }
}

/**
 * The pseudo-fields `:authority` and END_STREAM as fields (RFC 9113 §8.3.1, RFC 9112 §6.3). Where `host` and `:authority`
 * name two hosts, both stay, so that the request is refused like any with two.
 */
function fieldsOf(raw: readonly string[], endsWithHead: boolean): string[] {
  const fields: string[] = [];
  let authority: string | undefined;
  let isSized = endsWithHead;
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] as string;
    const value = raw[index + 1] as string;
    if (name === ':authority') {
      authority = value;
      fields.push('host', value);
    } else if (name.startsWith(':') || (name === 'host' && value === authority)) continue;
    else {
      isSized ||= name === 'content-length';
      fields.push(name, value);
    }
  }
  if (!isSized) fields.push('transfer-encoding', 'chunked');
  return fields;
}

/** An answer over HTTP/2. */
export class StreamResponse extends Http2ServerResponse<StreamRequest> {
  override closed = false;
  override destroyed = false;
  override writableFinished = false;

  constructor(stream: ServerHttp2Stream) {
    super(stream);
    this.once('close', () => {
      this.closed = true;
      this.destroyed = true;
      // To Node the stream of an answer that its client gave up has finished, and that of a HEAD before it began.
      this.writableFinished = this.writableEnded && stream.writableFinished && !stream.aborted;
    });
    // Node is silent on a HEAD that its client gave up.
    stream.once('close', () => {
      if (!this.closed) this.emit('close');
    });
  }

  /** HTTP/2 has no field for the end of a connection: see `leave` in streams.ts. */
  override setHeader(name: string, value: number | string | readonly string[]): this {
    if (name !== 'connection') super.setHeader(name, value);
    return this;
  }

  // Node's own keeps the stream open for trailers behind the last byte, which costs a frame and lets a reset overtake the end.
  override writeHead(status: number, ...rest: readonly unknown[]): this {
    const { stream } = this;
    if (stream.destroyed || stream.closed) return this;
    stream.respond({ ...this.getHeaders(), ...(rest.at(-1) as OutgoingHttpHeaders | undefined), ':status': status });
    return this;
  }

  /** Takes and drops what follows a head that is all there is: of HEAD, 204, 304. */
  override write(chunk: string | Buffer, encoding?: unknown): boolean {
    if (this.stream.writableEnded) return true;
    return super.write(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8');
  }

  /** Ends the answer; a body that was not read to its end is called off behind it (RFC 9113 §8.1). */
  override end(...last: unknown[]): this {
    (super.end as (...last: unknown[]) => void).apply(this, last);
    const { stream } = this;
    if (stream.readableEnded || stream.endAfterHeaders) return this;
    const callOff = (): void => {
      if (!stream.readableEnded) stream.close(constants.NGHTTP2_NO_ERROR);
    };
    if (stream.writableFinished) callOff();
    else stream.once('finish', callOff);
    return this;
  }

  /** Breaks the stream off, so that its client sees that the answer is not whole. */
  override destroy(): this {
    // Only with an error: Node would end the stream before it resets it.
    super.destroy(new Error('the answer was broken off'));
    return this;
  }
}
