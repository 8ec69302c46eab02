const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1|\[::1\])$/;

/** Whether a host is certainly this machine alone: `localhost`, 127.0.0.0/8 or ::1, and no other spelling. */
export function isLoopbackHost(host: string): boolean {
  return LOOPBACK.test(host);
}
