import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { openDevIssuer } from '../../src/identity/dev-issuer.ts';
import { identifier } from '../../src/identity/identify.ts';
import { operatorIdentifier } from '../../src/identity/operators.ts';
import { folder, run, runProcess } from './run.ts';

const REQUEST = { method: 'POST', path: '/v1/messages' };

function accepting(file: string) {
  return identifier({
    issuers: [openDevIssuer(file).issuer],
    keys: [],
    clock: systemClock,
    remoteKeys: () => {
      throw new Error('the dev issuer has no address');
    },
  });
}

/** A configuration that need not be there, and the key beside it. */
function place(files: Readonly<Record<string, string>> = {}): { config: string; file: string } {
  const dir = folder(files);
  return { config: join(dir, 'waygate.yaml'), file: join(dir, '.waygate/dev-issuer.json') };
}

describe('waygate token', () => {
  test('prints a token that a gateway of the same folder accepts, and nothing else', () => {
    const cwd = folder();
    const { code, out } = runProcess(['token', '--agent', 'researcher'], { cwd });
    expect(code).toBe(0);
    expect(out).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(existsSync(join(cwd, '.waygate/dev-issuer.json'))).toBe(true);
    return expect(
      accepting(join(cwd, '.waygate/dev-issuer.json'))({ ...REQUEST, headers: { authorization: `Bearer ${out}` } }),
    ).resolves.toMatchObject({ agent: 'researcher', subject: 'developer', tenant: 'default' });
  });

  test('says beside it whose it is, and until when', async () => {
    const { config, file } = place();
    const whom = ['--agent', 'ci', '--subject', 'ana', '--tenant', 'acme'];
    const { out, err } = await run('token', ...whom, '--ttl', '90s', '--config', config);
    const principal = await accepting(file)({ ...REQUEST, headers: { 'x-api-key': out } });
    expect(principal).toMatchObject({ id: 'acme/ana/ci' });
    expect(principal.expiresAtMs - systemClock.now()).toBeLessThanOrEqual(90_000);
    expect(principal.expiresAtMs - systemClock.now()).toBeGreaterThan(80_000);
    const until = new Date(principal.expiresAtMs).toISOString();
    expect(err).toContain(`a dev token of agent \`ci\` for \`ana\` in tenant \`acme\`, good until ${until}\n`);
    expect(err).toContain(`the key in \`${file}\``);
    expect(err).not.toContain(out);
  });

  test('uses the same key again', async () => {
    const { config, file } = place();
    await run('token', '--agent', 'a', '--config', config);
    const kept = readFileSync(file, 'utf8');
    await run('token', '--agent', 'b', '--config', config);
    expect(readFileSync(file, 'utf8')).toBe(kept);
  });

  test('of an operator is for the operators’ listener, with the rank that is asked for', async () => {
    const { config, file } = place();
    const { issuer, operators } = openDevIssuer(file);
    const identify = operatorIdentifier({
      issuers: [operators],
      dataIssuers: [issuer],
      clock: systemClock,
      remoteKeys: () => {
        throw new Error('the dev issuer has no address');
      },
    });
    const { code, out, err } = await run('token', '--operator', '--config', config);
    expect(code).toBe(0);
    expect(err).toContain('a dev token of `developer` as operator of every tenant, good until ');
    await expect(identify?.({ authorization: `Bearer ${out}` })).resolves.toMatchObject({
      roles: ['viewer', 'approver', 'operator'],
      tenants: '*',
    });
    const narrow = await run('token', '--operator', 'viewer', '--tenant', 'acme', '--config', config);
    await expect(identify?.({ authorization: `Bearer ${narrow.out}` })).resolves.toMatchObject({
      roles: ['viewer'],
      tenants: ['acme'],
    });
    await expect(async () =>
      accepting(file)({ method: 'GET', path: '/', headers: { authorization: `Bearer ${out}` } }),
    ).rejects.toMatchObject({
      code: 'identity.invalid',
    });
  });

  test('a file that holds no key ends in 1 and says what to do', async () => {
    const { config, file } = place({ '.waygate/dev-issuer.json': '{}' });
    expect(await run('token', '--agent', 'a', '--config', config)).toEqual({
      code: 1,
      out: '',
      err: `\`${file}\` does not hold the key of a dev issuer; delete the file to have a new one made`,
    });
  });

  test.each([
    [['--agent', 'a', '--operator'], 'a token is an agent’s or an operator’s; take out `--agent` or `--operator`'],
    [[], 'a token of which agent? expected `--agent NAME`'],
    [
      ['--operator', 'root'],
      'option `--operator [rank]` argument `root` is invalid: allowed choices are viewer, approver, operator',
    ],
    [
      ['--agent', 'a', '--ttl', '12'],
      'option `--ttl <duration>` argument `12` is invalid: expected a duration like `90s`, `30m`, `12h` or `5d`',
    ],
    [
      ['--agent', ''],
      'option `--agent <name>` argument `` is invalid: expected 1 to 256 characters, none of them a control character',
    ],
  ])('%j is called wrongly', async (argv, message) => {
    const { code, err } = await run('token', ...argv);
    expect(code).toBe(2);
    expect(err.split('\n')[0]).toBe(message);
  });
});
