// `waygate serve`: load, compose, listen; then reload on change and on SIGHUP, and drain on SIGTERM.
import { existsSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { dirname, resolve } from 'node:path';
import { adminApp } from '../admin/app.ts';
import { type RunFeed, runFeed } from '../admin/feed.ts';
import { compose, ConfigRefused, type Waygate } from '../compose.ts';
import { LISTENERS, type ListenerName } from '../config/certificates.ts';
import { type Files, systemFiles } from '../config/files.ts';
import { type Config, loadConfig, type Loaded } from '../config/load.ts';
import { type ConfigWatch, watchConfig } from '../config/watch.ts';
import { systemClock } from '../core/clock.ts';
import { formatProblem, type Problem } from '../core/problem.ts';
import { dataApp, draining } from '../http/data-app.ts';
import { inFlight, type InFlight } from '../http/in-flight.ts';
import { listen, type Listener, listenerOf, type ListenerOptions } from '../http/listener.ts';
import { load, type Load } from '../http/load.ts';
import { pace } from '../http/pace.ts';
import { readiness } from '../http/readiness.ts';
import { hostCheck } from '../http/rebinding.ts';
import { type Certificates, certificates } from './certificates.ts';
import { type Demo, startDemo } from './demo.ts';
import { terminal, UsageError } from './output.ts';
import { version } from './version.ts';

export interface ServeOptions {
  /** Path of the config; `waygate.yaml` in the working directory, where there is one, else the demo. */
  readonly config?: string;
  /** Port of the data listener, for a start without any configuration. */
  readonly port?: number;
}

const PORT = 4_000;

/** Runs until it is told to end. Resolves with the process' exit code. */
export async function serve(options: ServeOptions): Promise<number> {
  const path = options.config ?? 'waygate.yaml';
  const isDemo = options.config === undefined && !existsSync(path);
  if (!isDemo && options.port !== undefined)
    throw new UsageError(`the port is that of \`${path}\`; take out \`--port\``);
  const demo = isDemo ? await startDemo(process.env, options.port ?? PORT) : undefined;
  const files = demo?.files ?? systemFiles;
  const load = (): Promise<Loaded> => loadConfig({ path: resolve(path), env: process.env, files });
  try {
    const loaded = await load();
    if (!loaded.config.ok) return refused(loaded.config.problems);
    return await run(loaded, loaded.config.value, { load, files, demo, dir: dirname(resolve(path)) });
  } catch (error) {
    if (error instanceof ConfigRefused) return refused(error.problems);
    terminal.say(`waygate cannot start: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  } finally {
    await demo?.close();
  }
}

function refused(problems: readonly Problem[]): number {
  for (const problem of problems) terminal.say(formatProblem(problem));
  terminal.say(
    `waygate cannot start: ${problems.length === 1 ? 'there is a problem' : `there are ${problems.length} problems`} in its configuration`,
  );
  return 1;
}

interface Start {
  readonly load: () => Promise<Loaded>;
  readonly files: Files;
  readonly demo: Demo | undefined;
  readonly dir: string;
}

async function run(loaded: Loaded, config: Config, { load, files, demo, dir }: Start): Promise<number> {
  const waygate = await compose({ config, version: version(), dir });
  const flight = inFlight();
  const shown = certificates({ config, telemetry: waygate.telemetry, clock: systemClock });
  const watch = watchConfig({
    loaded,
    load,
    files,
    apply: async (next) => {
      const problems = await waygate.apply(next);
      if (problems.length === 0) shown.renew(next);
      return problems;
    },
    onState: reporter(waygate),
    clock: systemClock,
  });
  const feed = runFeed(waygate.operating);
  const listeners = await openListeners(config, { waygate, flight, watch, shown, feed }).catch(
    async (cause: unknown) => {
      watch.stop();
      await waygate.close();
      throw cause;
    },
  );
  const [data, admin] = listeners;
  waygate.telemetry.log.info('ready', { data: data.url, admin: admin.url });
  if (demo) for (const line of await demo.banner({ data: data.url, admin: admin.url, dir })) terminal.print(line);
  process.on('SIGHUP', () => void watch.reload());
  await asked();
  watch.stop();
  await drain(listeners, { flight, waygate, feed, seconds: config.drain.seconds });
  await waygate.close();
  return 0;
}

interface Open {
  readonly waygate: Waygate;
  readonly flight: InFlight;
  readonly watch: ConfigWatch;
  readonly shown: Certificates;
  readonly feed: RunFeed;
}

async function openListeners(config: Config, opened: Open): Promise<readonly [Listener, Listener]> {
  const { waygate, flight, watch, shown, feed } = opened;
  const { frontDoor } = config;
  const { telemetry } = waygate;
  const taken = loadOf(config, { waygate, flight });
  const ready = readiness({
    ...waygate.checks,
    load: () => taken.warning(),
    drain: () => (flight.draining ? 'shutting down' : undefined),
    config: () =>
      watch.state().kind === 'stale'
        ? 'warning: the files that lie there are wrong; the last good ones are in force'
        : undefined,
    ...(LISTENERS.some((name) => config.certificate(name)) && { certificate: shown.check }),
  });
  const { log } = telemetry;
  const data = dataApp({
    handle: waygate.handle,
    readiness: ready,
    inFlight: flight,
    load: taken,
    pace: pace(frontDoor, () => performance.now()),
    stallMs: frontDoor.stallMs,
    checkHost: hostCheck(config.listen.host),
    now: () => systemClock.now(),
    onFault: (error) => log.error('a request failed in the gateway', { cause: error.cause }),
  });
  const admin = adminApp({
    readiness: ready,
    metrics: () => telemetry.prometheusText(),
    checkHost: hostCheck(config.admin.host),
    api: {
      ...waygate.operating,
      feed,
      onFault: (cause) => log.error('a request of an operator failed in the gateway', { cause }),
    },
  });
  const limits = { ...frontDoor, onShed: taken.shed };
  const first = await open('listen', data, { config, shown, times: frontDoor, limits });
  try {
    return [first, await open('admin', listenerOf(admin), { config, shown })];
  } catch (cause) {
    // What is half open would keep the process alive.
    first.destroy();
    await first.close();
    throw cause;
  }
}

type Opening = Pick<ListenerOptions, 'times' | 'limits'> & { readonly config: Config; readonly shown: Certificates };

async function open(
  name: ListenerName,
  answer: RequestListener,
  { config, shown, ...rest }: Opening,
): Promise<Listener> {
  const { host, port } = config[name];
  const listener = await listen(answer, { host, port, certificate: config.certificate(name), ...rest });
  shown.attach(name, listener);
  return listener;
}

function loadOf({ frontDoor }: Config, { waygate, flight }: Pick<Open, 'waygate' | 'flight'>): Load {
  const { metrics } = waygate.telemetry;
  return load({
    limits: frontDoor,
    inFlight: flight,
    now: () => performance.now(),
    onShed: (reason) => metrics.overloaded(reason),
  });
}

function reporter({ telemetry: { log, metrics } }: Waygate): Parameters<typeof watchConfig>[0]['onState'] {
  return (state) => {
    metrics.configReloaded(state.kind === 'current' ? 'applied' : 'rejected');
    if (state.kind === 'current') return log.info('the configuration was reloaded');
    const problems = state.problems.map(formatProblem);
    return log.error('the configuration is wrong; the last good one stays in force', {
      problems,
      ...(state.cause !== undefined && { cause: state.cause }),
    });
  };
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
function asked(): Promise<void> {
  return new Promise((resolve) => {
    const onSignal = (): void => {
      resolve();
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(130));
    };
    process.once('SIGTERM', onSignal);
    process.once('SIGINT', onSignal);
  });
}

async function drain(
  [data, admin]: readonly [Listener, Listener],
  { flight, waygate, feed, seconds }: { flight: InFlight; waygate: Waygate; feed: RunFeed; seconds: number },
): Promise<void> {
  waygate.telemetry.log.info('shutting down: open answers may end', { open: flight.count, seconds });
  const over = setTimeout(() => flight.cut(draining()), seconds * 1_000);
  const drained = flight.drain();
  waygate.drain();
  data.closeIdle();
  await drained;
  clearTimeout(over);
  feed.close();
  await Promise.all([data.close(), admin.close()]);
}
