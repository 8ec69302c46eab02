import { beforeEach, describe, expect, test, vi } from 'vitest';
import { GatewayError } from '../../src/core/errors.ts';
import { RUN_KEY } from '../../src/identity/exchange-request.ts';
import { newRunKey } from '../../src/identity/run-key.ts';
import { type Authority, authority, login, made } from './authority.ts';

const revoked = expect.objectContaining({ code: 'identity.invalid', message: expect.stringContaining('revoked') });
let gw: Authority;
beforeEach(async () => {
  gw = await authority();
});
const revoke = (token: string) => gw.post('/oauth/revoke', { token });

describe('revoking', () => {
  test('a token ends it at once, with its run and all below it', async () => {
    const root = await gw.child(login());
    const token = await gw.child(root);
    const { delegation } = await gw.who(token);
    expect(await revoke(token)).toMatchObject({ status: 200, body: {} });
    await expect(gw.who(token)).rejects.toThrow(revoked);
    expect(gw.stopped).toEqual([{ tenant: 'acme', path: delegation?.path, by: 'alice' }]);
    expect(await gw.who(root)).toBeDefined();
    expect(await gw.exchange(token)).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
  });

  test('a token is remembered until it would have expired', async () => {
    const token = await gw.child(login());
    await revoke(token);
    await gw.later(604_000);
    await expect(gw.who(token)).rejects.toThrow(revoked);
    await gw.later(57_000);
    expect(await gw.grants.denied()).toEqual([]);
    await expect(gw.who(token)).rejects.toMatchObject({ code: 'identity.expired' });
  });

  test('a run key ends it at once, and leaves nothing of it', async () => {
    const key = await gw.child(login(), { requested_token_type: RUN_KEY });
    await gw.who(key);
    expect(await revoke(key)).toMatchObject({ status: 200 });
    await expect(gw.who(key)).rejects.toThrow(revoked);
    expect(gw.stopped).toHaveLength(1);
    await gw.later(121_000);
    expect(await gw.grants.denied()).toEqual([]);
    await expect(gw.who(key)).rejects.toThrow(revoked);
  });

  test('again is as good as once, and so is revoking what nobody knows', async () => {
    const token = await gw.child(login());
    const { key } = newRunKey('acme');
    const forged = `${token.slice(0, -8)}AAAAAAAA`;
    for (const text of [token, token, key, forged, 'wgr_x', 'x', login()])
      expect(await revoke(text)).toMatchObject({ status: 200 });
    expect(gw.stopped).toHaveLength(2);
  });

  test('an API key is its operator’s to do', async () => {
    expect(await revoke(made.key)).toMatchObject({ status: 400, body: { error: 'unsupported_token_type' } });
  });

  test('takes a token', async () => {
    expect(await gw.post('/oauth/revoke', {})).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
  });

  test.each(['deny', 'drop', 'get'] as const)('that fails half way can be asked for again: %s', async (step) => {
    const key = await gw.child(login(), { requested_token_type: RUN_KEY });
    vi.spyOn(gw.grants, step).mockRejectedValueOnce(new Error('gone'));
    expect(await revoke(key)).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } });
    expect(await revoke(key)).toMatchObject({ status: 200 });
    await expect(gw.who(key)).rejects.toThrow(revoked);
  });

  test('says so where the run cannot be stopped, and keeps the token readable for the next time', async () => {
    let isGone = true;
    gw = await authority({
      stopRun: () => (isGone ? Promise.reject(new GatewayError('limit.unavailable', 'gone')) : Promise.resolve()),
    });
    const token = await gw.child(login());
    expect(await revoke(token)).toMatchObject({ status: 503 });
    isGone = false;
    expect(await revoke(token)).toMatchObject({ status: 200 });
    await expect(gw.who(token)).rejects.toThrow(revoked);
  });

  test('a token says so where the keys that it was signed with cannot be read', async () => {
    gw = await authority();
    const token = await gw.child(login());
    vi.spyOn(gw.ring, 'find').mockRejectedValueOnce(new GatewayError('identity.unavailable', 'gone'));
    expect(await revoke(token)).toMatchObject({ status: 503 });
  });
});
