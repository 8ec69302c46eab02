// Other proxies in front of the same upstream: nginx, which relays, and Portkey's gateway, which translates and governs nothing.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, type ServerProcess, startServer } from './processes.ts';

export interface PeerOptions {
  readonly dir: string;
  readonly cores: number | undefined;
  /** Address of the upstream, e.g. `http://127.0.0.1:9000`. */
  readonly upstream: string;
}

/** Throws where no nginx is installed. */
export async function startNginx({ dir, cores, upstream }: PeerOptions): Promise<ServerProcess> {
  const command = ['/usr/sbin/nginx', '/usr/local/bin/nginx', '/opt/homebrew/bin/nginx'].find((path) =>
    existsSync(path),
  );
  if (!command) throw new Error('is not installed (`apt-get install nginx-light`)');
  const folder = join(dir, 'nginx');
  mkdirSync(join(folder, 'logs'), { recursive: true });
  const args = (port: number): string[] => {
    writeFileSync(join(folder, 'nginx.conf'), nginxConfig(port, upstream));
    return ['-p', folder, '-c', 'nginx.conf', '-g', 'daemon off; master_process off;'];
  };
  return startServer('nginx', { command, args, dir, cores });
}

/** One process, kept connections, nothing buffered: what a proxy costs that looks at nothing. */
function nginxConfig(port: number, upstream: string): string {
  return `pid nginx.pid;
error_log logs/error.log;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  keepalive_requests 1000000000;
  upstream provider { server ${new URL(upstream).host}; keepalive 1024; }
  server {
    listen 127.0.0.1:${port};
    location /healthz { return 200; }
    location / {
      proxy_pass http://provider;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_read_timeout 900s;
    }
  }
}
`;
}

const PEERS = join(ROOT, 'bench', 'peers');
const PORTKEY = join(PEERS, 'node_modules', '@portkey-ai', 'gateway', 'build', 'start-server.js');

/** Installs it first where that was not done yet. Calls need the headers of `portkeyHeaders`. */
export async function startPortkey({ dir, cores }: PeerOptions): Promise<ServerProcess> {
  if (!existsSync(PORTKEY)) {
    const npm = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: PEERS,
      stdio: 'inherit',
    });
    if (npm.status !== 0) throw new Error('could not be installed from the npm registry');
  }
  const args = (port: number): string[] => [PORTKEY, '--headless', `--port=${port}`];
  return startServer('portkey', { args, dir, cores, env: { NODE_ENV: 'production' } });
}

export function portkeyHeaders(upstream: string): Readonly<Record<string, string>> {
  return {
    authorization: 'Bearer bench',
    'x-portkey-provider': 'openai',
    'x-portkey-custom-host': `${upstream}/v1`,
  };
}
