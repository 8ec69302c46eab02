import { describe, expect, test } from 'vitest';
import { ACCESS_TOKEN, EXCHANGE_GRANT, readExchange, RUN_KEY } from '../../src/identity/exchange-request.ts';
import { readForm } from '../../src/identity/form.ts';

const TARGETS = ['https://gw.test', 'waygate'];
const least = { grant_type: EXCHANGE_GRANT, subject_token: 't', subject_token_type: ACCESS_TOKEN };
function read(fields: Record<string, string> | string) {
  const body = typeof fields === 'string' ? fields : new URLSearchParams({ ...least, ...fields }).toString();
  const form = readForm({ 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }, Buffer.from(body));
  if (!form.ok) throw new Error(form.problem.description);
  return readExchange(form.value, TARGETS);
}

describe('a token exchange', () => {
  test('asks for no more than it says', () => {
    expect(read({ scope: '' })).toEqual({
      ok: true,
      value: { subjectToken: 't', kind: 'token' },
    });
  });

  test('may ask for everything', () => {
    const fields = {
      actor_token: 'a',
      actor_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      requested_token_type: RUN_KEY,
      scope: ' read  write',
      authorization_details: '[]',
      agent_name: 'Ä',
      run_name: 'issue 7',
      max_depth: '0',
      budget: '0.10 USD',
      expires_in: '60',
      dpop_jkt: 'x'.repeat(43),
      unknown: 'is passed over',
    };
    expect(
      read(
        `${new URLSearchParams({ ...least, ...fields }).toString()}&resource=waygate&resource=https%3A%2F%2Fgw.test&audience=waygate`,
      ),
    ).toEqual({
      ok: true,
      value: {
        subjectToken: 't',
        actorToken: 'a',
        kind: 'run-key',
        scopes: ['read', 'write'],
        rights: [],
        agent: 'Ä',
        name: 'issue 7',
        maxDepth: 0,
        budget: 100_000,
        seconds: 60,
        proofKey: 'x'.repeat(43),
      },
    });
  });

  test.each<[Record<string, string>, string, string]>([
    [{ grant_type: 'password' }, 'unsupported_grant_type', 'token-exchange'],
    [{ subject_token: '' }, 'invalid_request', '`subject_token`'],
    [{ subject_token_type: '' }, 'invalid_request', '`subject_token_type`'],
    [{ subject_token_type: 'urn:ietf:params:oauth:token-type:id_token' }, 'invalid_request', '`subject_token_type`'],
    [{ actor_token: 'a' }, 'invalid_request', '`actor_token_type`'],
    [{ actor_token_type: ACCESS_TOKEN }, 'invalid_request', '`actor_token_type`'],
    [{ actor_token: 'a', actor_token_type: 'x' }, 'invalid_request', '`actor_token_type`'],
    [
      { requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' },
      'invalid_request',
      '`requested_token_type`',
    ],
    [{ agent_name: 'a\nb' }, 'invalid_request', '`agent_name`'],
    [{ agent_name: 'x'.repeat(257) }, 'invalid_request', '`agent_name`'],
    [{ run_name: '\u0007' }, 'invalid_request', '`run_name`'],
    [{ max_depth: '-1' }, 'invalid_request', '`max_depth`'],
    [{ max_depth: '1e3' }, 'invalid_request', '`max_depth`'],
    [{ expires_in: '0' }, 'invalid_request', '`expires_in`'],
    [{ expires_in: '9999999999' }, 'invalid_request', '`expires_in`'],
    [{ budget: '2' }, 'invalid_request', '`budget`'],
    [{ budget: '-2 USD' }, 'invalid_request', '`budget`'],
    [{ dpop_jkt: 'x' }, 'invalid_request', '`dpop_jkt`'],
    [{ resource: 'https://gw.test/mcp/github' }, 'invalid_target', 'authorization_details'],
    [{ audience: 'other' }, 'invalid_target', 'authorization_details'],
    [{ authorization_details: '{' }, 'invalid_authorization_details', 'expected a list'],
    [{ authorization_details: '[{"type":"x"}]' }, 'invalid_authorization_details', 'waygate_call'],
  ])('is refused for %j', (fields, error, words) => {
    expect(read(fields)).toEqual({
      ok: false,
      problem: expect.objectContaining({ error, description: expect.stringContaining(words) }),
    });
  });
});
