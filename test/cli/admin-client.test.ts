import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { openDevIssuer } from '../../src/identity/dev-issuer.ts';
import { operatorIdentifier } from '../../src/identity/operators.ts';
import { listening, operatorToken, RANKED } from '../admin/listening.ts';
import { folder, run, startProcess } from './run.ts';

const viewer = operatorToken([RANKED.viewer], { tenants: '*' });
const CONFIG = `version: 1
identity: { dev: true }
upstreams: { demo: { protocol: openai, url: "https://api.openai.test/v1", credential: env:OPENAI_API_KEY } }
`;

/** A listener that trusts the dev issuer of a folder, and the folder. */
async function devGateway() {
  const dir = folder();
  const { operators, issuer } = openDevIssuer(join(dir, '.waygate/dev-issuer.json'));
  const identify = operatorIdentifier({
    issuers: [operators],
    dataIssuers: [issuer],
    clock: systemClock,
    remoteKeys: () => {
      throw new Error('the dev issuer has no address');
    },
  });
  return { dir, ...(await listening({ operators: () => identify, clock: systemClock })) };
}

describe('the token', () => {
  test('is taken from the environment', async () => {
    const { url } = await listening();
    vi.stubEnv('WAYGATE_ADMIN_TOKEN', viewer);
    onTestFinished(() => void vi.unstubAllEnvs());
    expect((await run('runs', 'list', '--admin-url', url)).code).toBe(0);
  });

  test('is made for this where the dev issuer’s key is at hand', async () => {
    const { dir, url } = await devGateway();
    const ended = await startProcess(['runs', 'list', '--admin-url', url], { cwd: dir });
    expect(ended).toEqual({ code: 0, out: '', err: 'there are no runs in the tenant `default`' });
  });

  test('of the dev issuer comes from beside the configuration, if that has it on', async () => {
    const { dir, url, port } = await devGateway();
    const config = join(dir, 'waygate.yaml');
    writeFileSync(config, `${CONFIG}admin: { port: ${port} }\n`);
    expect((await run('runs', 'list', '--config', config)).code).toBe(0);
    writeFileSync(config, CONFIG.replace('dev: true', 'keys: { file: keys.yaml }'));
    expect(await run('runs', 'list', '--config', config, '--admin-url', url)).toMatchObject({
      code: 2,
      err: expect.stringContaining('who asks? expected an operator’s token in `WAYGATE_ADMIN_TOKEN`'),
    });
  });

  test('is not made where there is no key, which stays so', async () => {
    const { url } = await listening();
    const cwd = folder();
    expect((await startProcess(['runs', 'list', '--admin-url', url], { cwd })).code).toBe(2);
    expect(existsSync(join(cwd, '.waygate'))).toBe(false);
  });

  test('of the dev issuer is for this machine alone', async () => {
    const { dir } = await devGateway();
    const ended = await startProcess(['runs', 'list', '--admin-url', 'https://gateway.test:4001'], { cwd: dir });
    expect(ended).toMatchObject({ code: 2, err: expect.stringContaining('who asks?') });
  });

  test('never goes over plain HTTP to another machine', async () => {
    expect(await run('runs', 'list', '--admin-url', 'http://gateway.test:4001', '--token', viewer)).toMatchObject({
      code: 2,
      err: expect.stringContaining('goes over `https` or to this machine'),
    });
  });
});

describe('an address', () => {
  test('where nobody listens is told with what to do', async () => {
    const { url, ...opened } = await listening();
    await opened.close();
    const { code, err } = await run('runs', 'list', '--admin-url', url, '--token', viewer);
    expect(code).toBe(1);
    expect(err).toBe(
      `the operators’ listener at \`${url}\` does not answer (ECONNREFUSED); start the gateway, or say where it is with \`--admin-url URL\``,
    );
  });

  test.each([
    [200, '<html>'],
    [302, ''],
    [404, 'not here'],
  ])('that answers with %i and %j is no operators’ API', async (status, body) => {
    const server = createServer((_, response) => response.writeHead(status, { location: '/elsewhere' }).end(body));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
    expect(await run('runs', 'list', '--admin-url', url, '--token', viewer)).toEqual({
      code: 1,
      out: '',
      err: `what answers at \`${url}\` is no operators’ API (status ${status})`,
    });
  });

  test('is refused with the gateway’s own sentence', async () => {
    const { url } = await listening({ operators: () => undefined });
    expect(await run('runs', 'list', '--admin-url', url, '--token', viewer)).toMatchObject({
      code: 1,
      err: expect.stringContaining('name who may use it in `admin.operators`'),
    });
  });
});
