// Web pages and a gateway on loopback. A page may have its own name resolve to 127.0.0.1 (DNS rebinding) and then talk to
// whatever listens there, but Host and Origin still tell its name.
import { GatewayError } from '../core/errors.ts';
import { type Headers, header } from '../core/exchange.ts';
import { isLoopbackHost } from '../core/loopback.ts';

/** Throws where the headers show a request that this listener must not take. */
export type HeaderCheck = (headers: Headers) => void;

// RFC 3986 §3.2.2: an address or a name, and a port.
const HOST = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-._~!$&'()*+,;=%]*)(?::\d{0,5})?$/;
const ORIGIN = /^https?:\/\/(\[[^\]]+\]|[^:/]*)(?::\d{1,5})?$/;

/** Host must name a host. On a loopback listener that must be loopback; others answer to any name. */
export function hostCheck(listenHost: string): HeaderCheck {
  const local = isLoopbackHost(listenHost);
  return (headers) => {
    const host = header(headers, 'host') ?? '';
    const named = HOST.exec(host);
    if (!named) {
      throw new GatewayError(
        'request.invalid',
        'expected `host` to be a name or an address, like `gateway.example:4000`',
      );
    }
    if (!local || isLoopback(named)) return;
    throw new GatewayError(
      'request.origin',
      `this gateway listens on loopback and does not answer to the host \`${host.slice(0, 200)}\`; use \`127.0.0.1\` or \`localhost\``,
    );
  };
}

/** No web page speaks to MCP servers (MCP transports, "Origin"), but those of this machine to a gateway on this machine. */
export function originCheck(listenHost: string): HeaderCheck {
  const local = isLoopbackHost(listenHost);
  return (headers) => {
    const origin = header(headers, 'origin');
    if (origin === undefined || (local && isLoopback(ORIGIN.exec(origin)))) return;
    throw new GatewayError(
      'request.origin',
      `requests of web pages at \`${origin.slice(0, 200)}\` are not taken here; call from outside a browser, without \`origin\``,
    );
  };
}

function isLoopback(match: RegExpExecArray | null): boolean {
  return isLoopbackHost(match?.[1]?.toLowerCase() ?? '');
}
