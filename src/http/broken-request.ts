import { type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { GatewayError } from '../core/errors.ts';
import { problem } from './problem.ts';

type ParsingSocket = Socket & { readonly _httpMessage?: ServerResponse | null };

/** Answers what Node's parser could not read as a request, and ends the connection: what follows is nobody's request. */
export function answerBrokenRequests(server: Server): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: ParsingSocket) => {
    socket.on('error', () => socket.destroy());
    // Where the head was refused before the body broke, that answer is on its way.
    if (socket.writable && !socket._httpMessage?.headersSent) socket.write(lastAnswer(refusalOf(error)));
    socket.destroySoon();
  });
}

function refusalOf({ code = '' }: NodeJS.ErrnoException): GatewayError {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new GatewayError('request.timeout', 'the request came too slowly; send it again, and faster');
    case 'HPE_HEADER_OVERFLOW':
      return new GatewayError('request.too_many_headers', 'the header fields take more than 16 KB');
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new GatewayError('request.too_large', 'the chunks of the body have extensions of more than 16 KB');
    default:
      return new GatewayError('request.invalid', 'expected a request in HTTP/1.1 that can be read in one way');
  }
}

function lastAnswer(error: GatewayError): string {
  const { status, headers, body } = problem(error, undefined);
  const fields = { ...headers, 'content-length': String(body.length), connection: 'close' };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`, ...lines, '', body.toString()].join('\r\n');
}
