// The gateway as its users run it: a process of its own, configured by files, ended by a signal.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { stringify } from 'yaml';
import type { Pair } from './certificates.ts';
import { freePort } from './redis.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const pair = await generateKeyPair('ES256', { extractable: true });
const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'test', alg: 'ES256', use: 'sig' };

export const ISSUER = 'https://issuer.test';

/** A token as the configured test issuer would sign it. */
export function token(claims: Record<string, unknown> = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({ sub: 'ana', agent: 'ci', iat: now, exp: now + 600, iss: ISSUER, aud: 'waygate', ...claims })
    .setProtectedHeader({ alg: 'ES256', kid: 'test' })
    .sign(pair.privateKey);
}

export const IDENTITY = {
  issuers: [
    {
      issuer: ISSUER,
      audience: 'waygate',
      algorithms: ['ES256'],
      jwks: { keys: [jwk] },
      claims: { agent: 'agent' },
      tenant: 'acme',
    },
  ],
};

/** One policy that allows everything. */
export const ALLOW_ALL = {
  policy: 'open',
  rules: [
    {
      id: 'all',
      allow: [
        'model.generate',
        'model.embed',
        'model.image',
        'model.speech',
        'model.transcribe',
        'model.moderate',
        'model.batch',
        'model.list',
        'model.count',
        'tool.call',
        'tool.list',
        'resource.read',
        'prompt.get',
        'object.read',
        'object.write',
      ],
    },
  ],
};

export interface WaygateOptions {
  /** `waygate.yaml` without listeners, identity and policies, which are added. */
  readonly config: Record<string, unknown>;
  /** File name → policy, as an object or as text. */
  readonly policies?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  /** What the data listener shows, from `tls.crt` and `tls.key` in its folder; plain HTTP unless given. */
  readonly tls?: Pair;
  /** A folder to run in, which stays when the process ends; one of its own, which goes, unless given. */
  readonly dir?: string;
  /** What starts it in its own place, as `prlimit --nofile=256` does. */
  readonly under?: readonly string[];
}

export interface Waygate {
  readonly url: string;
  readonly adminUrl: string;
  readonly dir: string;
  readonly pid: number;
  /** Everything the process has printed. */
  output(): string;
  write(file: string, content: unknown): void;
  signal(name: NodeJS.Signals): void;
  /** Nobody reads any more what the process prints. */
  closeOutput(): void;
  exited(): Promise<number | null>;
  stop(): Promise<number | null>;
}

/** Starts `waygate serve` on free ports and waits until it is ready. */
export async function startWaygate(options: WaygateOptions): Promise<Waygate> {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'waygate-e2e-'));
  const [port, adminPort] = [await freePort(), await freePort()];
  const write = (file: string, content: unknown): void => {
    mkdirSync(dirname(join(dir, file)), { recursive: true });
    writeFileSync(
      join(dir, file),
      typeof content === 'string' ? content : stringify(content, { aliasDuplicateObjects: false }),
    );
  };
  const { tls } = options;
  if (tls) for (const [file, pem] of Object.entries({ 'tls.crt': tls.cert, 'tls.key': tls.key })) write(file, pem);
  const base = {
    version: 1,
    listen: { port, ...(tls && { tls: { cert: 'file:tls.crt', key: 'file:tls.key' } }) },
    admin: { port: adminPort },
    identity: IDENTITY,
    policies: { dir: 'policies' },
  };
  const admin = { ...base.admin, ...(options.config['admin'] as object | undefined) };
  write('waygate.yaml', { ...base, ...options.config, admin });
  for (const [file, policy] of Object.entries(options.policies ?? { 'open.yaml': ALLOW_ALL }))
    write(`policies/${file}`, policy);

  const [command, ...args] = [...(options.under ?? []), process.execPath, MAIN, 'serve'];
  const child = spawn(command, args, {
    cwd: dir,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (data: Buffer) => (output += data.toString()));
  child.stderr.on('data', (data: Buffer) => (output += data.toString()));
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  // The operators' listener is the last to open.
  await ready(child, `http://127.0.0.1:${adminPort}`, () => output);
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    adminUrl: `http://127.0.0.1:${adminPort}`,
    dir,
    pid: child.pid ?? 0,
    output: () => output,
    write,
    signal: (name) => void child.kill(name),
    closeOutput() {
      child.stdout.destroy();
      child.stderr.destroy();
    },
    exited: () => exited,
    async stop() {
      child.kill('SIGTERM');
      const code = await exited;
      if (options.dir === undefined) rmSync(dir, { recursive: true, force: true });
      return code;
    },
  };
}

async function ready(child: ChildProcess, url: string, output: () => string): Promise<void> {
  for (let attempt = 0; attempt < 3_600; attempt += 1) {
    const ended = child.exitCode ?? child.signalCode;
    if (ended !== null) throw new Error(`waygate ended with ${ended}:\n${output()}`);
    const answer = await fetch(`${url}/healthz`).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  child.kill('SIGKILL');
  throw new Error(`waygate did not answer within 90 s:\n${output()}`);
}
