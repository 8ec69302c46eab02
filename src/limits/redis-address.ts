export interface RedisNode {
  readonly host: string;
  readonly port: number;
}

/** What a url says of every node: how to log in, which database, whether TLS. */
export interface RedisLogin {
  readonly username?: string;
  readonly password?: string;
  readonly db: number;
  readonly tls?: object;
}

/** Reads `host:port`, also `[::1]:6379`. */
export function parseNode(text: string): RedisNode | undefined {
  const url = /^[^\s/@?#]+:\d+$/.test(text) ? URL.parse(`redis://${text}`) : null;
  return url ? nodeOf(url) : undefined;
}

/** Reads `redis://user:password@host:port/database`, or `rediss://…` for TLS. The port is 6379 where it says none. */
export function parseRedisUrl(text: string): (RedisNode & RedisLogin) | undefined {
  const url = /^rediss?:\/\/[^?#]+$/.test(text) ? URL.parse(text) : null;
  if (!url || url.hostname === '' || !/^(?:\/\d{0,4})?$/.test(url.pathname)) return undefined;
  return {
    ...nodeOf(url),
    db: Number(url.pathname.slice(1)),
    ...(url.username === '' ? {} : { username: decodeURIComponent(url.username) }),
    ...(url.password === '' ? {} : { password: decodeURIComponent(url.password) }),
    ...(url.protocol === 'rediss:' ? { tls: {} } : {}),
  };
}

function nodeOf(url: URL): RedisNode {
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || 6379) };
}
