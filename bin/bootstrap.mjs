// Makes a fresh clone runnable: installs what the lock file names and finds a Node that can run TypeScript.
// Written for Node 14 and later, because it must be able to say that a Node is too old.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const NODE_MIN = [24, 12];
/** A slow network and a slow disk take minutes for half a gigabyte. */
const LOCK_WAIT_MS = 900000;

/** A path inside the project. */
export function inProject() {
  return join.apply(null, [ROOT].concat(Array.prototype.slice.call(arguments)));
}

/** True in a clone (sources, run by type stripping), false in an installed package (dist). */
export function isClone() {
  return existsSync(inProject('src', 'main.ts')) && !/[\\/]node_modules[\\/]/.test(ROOT + '/');
}

function isRecent(version) {
  const parts = version.replace(/^v/, '').split('.').map(Number);
  return parts[0] > NODE_MIN[0] || (parts[0] === NODE_MIN[0] && parts[1] >= NODE_MIN[1]);
}

function fail(message) {
  process.stderr.write('[waygate] ' + message + '\n');
  process.exit(1);
}

function stampOf(folder) {
  const lock = readFileSync(join(folder, 'package-lock.json'));
  return createHash('sha256').update(lock).update(process.platform + process.arch).digest('hex');
}

function isInstalled(folder) {
  const stamp = join(folder, 'node_modules', '.waygate-stamp');
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === stampOf(folder);
}

// Two first runs in one clone (start beside test) must not install over each other.
function withLock(folder, work) {
  const lock = join(folder, '.install-lock');
  const began = Date.now();
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      let age = 0;
      try {
        age = Date.now() - statSync(lock).mtimeMs;
      } catch {
        continue;
      }
      if (age > LOCK_WAIT_MS) rmSync(lock, { recursive: true, force: true });
      else if (Date.now() - began > LOCK_WAIT_MS) fail('another install seems stuck; remove ' + lock + ' and try again');
      else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    }
  }
  try {
    work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

function npm(args, folder) {
  const env = Object.assign({}, process.env);
  // A clone is built and tested with its development dependencies, whatever the shell's NODE_ENV says.
  delete env.NODE_ENV;
  const cli = process.env.npm_execpath;
  const viaNode = cli && /\.c?js$/.test(cli);
  const command = viaNode ? process.execPath : process.platform === 'win32' ? 'npm.cmd' : 'npm';
  return spawnSync(command, (viaNode ? [cli] : []).concat(args), { cwd: folder, env: env, stdio: ['ignore', 2, 2] }).status === 0;
}

function install(folder, what) {
  if (isInstalled(folder)) return;
  let installed = true;
  withLock(folder, function () {
    if (isInstalled(folder)) return;
    process.stderr.write('[waygate] installing ' + what + ' (first run, or the lock file changed)\n');
    installed = npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], folder);
    if (installed) writeFileSync(join(folder, 'node_modules', '.waygate-stamp'), stampOf(folder));
  });
  // Only now, so that the lock is not left behind.
  if (!installed) fail('`npm ci` failed in ' + folder + '; see the messages above');
}

/** Installs the project's dependencies where they are missing or stale. */
export function installDependencies() {
  if (isClone()) install(ROOT, 'dependencies');
}

/** Installs the clients that only the tests need and that are too large for everybody else. */
export function installLargeClients() {
  install(inProject('test', 'e2e', 'claude-agent-sdk'), 'the Claude Agent SDK for the tests');
}

/** The path of a Node that can run Waygate: this one, or the pinned one fetched from the npm registry. */
export function findNode() {
  if (isRecent(process.version)) return process.execPath;
  if (!isClone()) {
    fail('needs Node >= ' + NODE_MIN.join('.') + ', this is ' + process.version + '. Try: npx -y -p node@24 -- waygate');
  }
  const runtime = inProject('runtime');
  install(runtime, 'Node 24 for this clone');
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const names = ['node-' + platform + '-' + process.arch];
  for (const name of names) {
    const binary = join(runtime, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
    if (existsSync(binary)) return binary;
  }
  return fail(
    'needs Node >= ' + NODE_MIN.join('.') + ', this is ' + process.version + ', and the npm registry has no Node for ' +
      process.platform + '/' + process.arch + '. Install it from https://nodejs.org',
  );
}

/** Runs a program in the foreground with our standard streams; signals reach it, and its exit code becomes ours. */
export function run(command, args, options) {
  const child = spawn(command, args, Object.assign({ stdio: 'inherit' }, options));
  const forward = function (signal) {
    return function () {
      child.kill(signal);
    };
  };
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, forward(signal));
  // A terminal sends Ctrl-C to the child as well; forwarding it would arrive twice.
  process.on('SIGINT', process.stdin.isTTY ? function () {} : forward('SIGINT'));
  child.on('error', function (error) {
    fail('cannot start ' + command + ': ' + error.message);
  });
  child.on('exit', function (code, signal) {
    process.exit(code === null ? 128 + (signal === 'SIGINT' ? 2 : 15) : code);
  });
}
