import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, test } from 'vitest';
import { outcomeEntry } from '../../src/audit/entry.ts';
import { openAudit } from '../../src/audit/log.ts';
import { redisAnchors } from '../../src/audit/redis.ts';
import { auditSchema } from '../../src/audit/schema.ts';
import { systemClock } from '../../src/core/clock.ts';
import { connectRedis } from '../../src/limits/redis.ts';
import { chatCall, recordOf } from '../telemetry/calls.ts';
import { folder, run, runProcess } from './run.ts';

/** A log of a gateway that ran and ended: its start, some lines, its stop. */
async function logged(dir: string, lines = 3) {
  const log = await openAudit({ config: auditSchema.parse({ dir }), clock: systemClock, instance: 'gw' });
  for (let line = 0; line < lines; line += 1)
    await log.append(outcomeEntry(recordOf(chatCall(), { status: 200 + line }), ''));
  await log.close();
  return { head: log.head, file: join(dir, readdirSync(dir).find((name) => name.endsWith('.jsonl')) ?? '') };
}

describe('waygate audit verify', () => {
  test('a log as it was written passes, and what no store vouches for is said', async () => {
    const dir = folder();
    await logged(dir);
    const { code, out, err } = await run('audit', 'verify', dir);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(
      /^note {5}audit-gw\S+\.jsonl: unanchored: no store vouches for this chain: lines cut off its end, or all written anew, would not show$/m,
    );
    expect(out).toMatch(/^1 chain, 1 file, 5 lines: nothing was altered, as far as the notes allow$/m);
  });

  test('an edited line is named, and the command fails', async () => {
    const dir = folder();
    const { file } = await logged(dir);
    writeFileSync(file, readFileSync(file, 'utf8').replace('"status":201', '"status":200'));
    const { code, out } = await run('audit', 'verify', dir);
    expect(code).toBe(1);
    expect(out).toMatch(
      /^TAMPERED audit-gw\S+\.jsonl:3: edited: line 3, or the one before it, is not as it was written$/m,
    );
    expect(out).toMatch(/: tampered with: 1 finding$/);
  });

  test('a line that a crash has torn is a note, not a finding', async () => {
    const dir = folder();
    const { file } = await logged(dir);
    appendFileSync(file, '{"seq":6,"at"');
    const { code, out } = await run('audit', 'verify', dir);
    expect(code).toBe(0);
    expect(out).toMatch(/^note {5}audit-gw\S+\.jsonl:6: torn: the line is not whole/m);
  });

  test('as JSON it prints the whole report', async () => {
    const dir = folder();
    const { head } = await logged(dir);
    const { out } = await run('audit', 'verify', dir, '--json');
    expect(JSON.parse(out)).toMatchObject({
      ok: true,
      chains: [{ chain: head.chain, files: 1, lines: 5, seq: 5, closed: true, openPermits: 0 }],
      findings: [],
    });
  });

  test('the folders of all replicas are proven together against one store', async () => {
    const client = connectRedis({ url: inject('redisUrl') });
    await client.connected();
    const store = redisAnchors(client.connection);
    const dirs = [folder(), folder()];
    const heads = await Promise.all(dirs.map(async (dir) => (await logged(dir)).head));
    for (const head of heads) await store.put(head, systemClock.now());
    const missing = async (...some: string[]): Promise<string[]> => {
      const { out } = await run('audit', 'verify', ...some, '--redis', inject('redisUrl'), '--json');
      // The store is shared with other tests.
      const { findings } = JSON.parse(out) as { findings: { chain: string }[] };
      return findings.map(({ chain }) => chain).filter((chain) => heads.some((head) => head.chain === chain));
    };
    expect(await missing(dirs[0] ?? '')).toEqual([heads[1]?.chain]);
    expect(await missing(...dirs, dirs[0] ?? '')).toEqual([]);
    client.close();
  });

  test('nothing to verify is no proof', async () => {
    const dir = folder();
    expect(await run('audit', 'verify', dir)).toEqual({
      code: 1,
      out: '',
      err: `\`${dir}\` holds no audit log: nothing was verified`,
    });
    expect(await run('audit', 'verify', join(dir, 'none'))).toEqual({
      code: 1,
      out: '',
      err: `\`${join(dir, 'none')}\` is not there; an audit log is a folder of \`audit-*.jsonl\` files`,
    });
  });
});

describe('with the store', () => {
  /** A database that no other test uses. */
  const url = `${inject('redisUrl').replace(/\/$/, '')}/9`;

  async function anchored(head: {
    readonly chain: string;
    readonly seq: number;
    readonly hash: string;
  }): Promise<void> {
    const client = connectRedis({ url });
    await client.connected();
    await client.connection.flushdb();
    await redisAnchors(client.connection).put(head, Date.now());
    client.close();
  }

  test('a log that ends where the store says is proven whole', async () => {
    const dir = folder();
    await anchored((await logged(dir)).head);
    const { code, out } = await run('audit', 'verify', dir, '--redis', url);
    expect({ code, out }).toEqual({ code: 0, out: expect.stringMatching(/: nothing was altered$/) });
    expect(out).not.toContain('unanchored');
  });

  test('a log whose end was cut off shows, by the configuration alone', async () => {
    const cwd = folder({
      'waygate.yaml': [
        'version: 1',
        'identity: { dev: true }',
        'upstreams: { demo: { protocol: mcp, url: "http://127.0.0.1:1" } }',
        'store: { kind: redis, url: env:STORE }',
        'audit: { dir: log }',
      ].join('\n'),
    });
    const { head, file } = await logged(join(cwd, 'log'));
    await anchored(head);
    const lines = readFileSync(file, 'utf8').split('\n');
    writeFileSync(file, `${lines.slice(0, 3).join('\n')}\n`);
    const { code, out } = runProcess(['audit', 'verify'], { cwd, env: { STORE: url } });
    expect(code).toBe(1);
    expect(out).toMatch(
      /^TAMPERED audit-gw\S+\.jsonl: cut: the store knows of line 5, but the chain ends with line 3$/m,
    );
    const unset = runProcess(['audit', 'verify'], { cwd });
    expect(unset).toEqual({
      code: 1,
      out: '',
      err: 'the store cannot be asked: the environment variable `STORE` is not set',
    });
  });

  test('a store that does not answer is a failure, not a proof with less in it', async () => {
    const dir = folder();
    await logged(dir);
    const { code, out, err } = await run('audit', 'verify', dir, '--redis', 'redis://127.0.0.1:1');
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toBe('the store cannot be asked: connect ECONNREFUSED 127.0.0.1:1');
  });

  test('a password does not belong on the command line', async () => {
    const { code, err } = await run('audit', 'verify', folder(), '--redis', 'redis://:geheim@127.0.0.1:1');
    expect(code).toBe(2);
    expect(err).toContain(
      'expected `--redis env:NAME`, `--redis file:PATH`, or `redis://host:port` without a password',
    );
    expect(err).not.toContain('geheim');
  });
});
