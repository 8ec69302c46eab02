import { describe, expect, test } from 'vitest';
import { presetFaults, withPreset, type WrittenUpstream } from '../../src/upstreams/with-preset.ts';

const faults = (written: WrittenUpstream): string[] =>
  presetFaults(written).map(({ field, message }) => `${field}: ${message}`);

describe('an upstream without a preset', () => {
  test('has the usual header of its protocol, and all models', () => {
    expect(withPreset({ protocol: 'anthropic', url: 'https://a.test', credential: 'env:K' })).toMatchObject({
      credential: { value: 'env:K', header: 'x-api-key', scheme: '' },
      models: ['*'],
      streamOptions: true,
    });
    for (const protocol of ['openai', 'mcp', 'http'] as const) {
      expect(withPreset({ protocol, url: 'https://a.test', credential: 'env:K' }).credential).toEqual({
        value: 'env:K',
        header: 'authorization',
        scheme: 'Bearer',
      });
    }
  });

  test('needs a protocol and an address', () => {
    expect(faults({})).toEqual([expect.stringMatching(/^protocol: /), expect.stringMatching(/^url: /)]);
    expect(faults({ protocol: 'mcp', url: 'http://a.test' })).toEqual([]);
  });
});

describe('an upstream with a preset', () => {
  test('is filled in: address, protocol, header, models, catalogue', () => {
    expect(withPreset({ preset: 'moonshot', credential: 'env:K' })).toMatchObject({
      protocol: 'openai',
      url: 'https://api.moonshot.ai/v1',
      credential: { value: 'env:K', header: 'authorization', scheme: 'Bearer' },
      models: ['kimi-*', 'moonshot-*'],
      provider: 'moonshotai',
    });
    expect(withPreset({ preset: 'deepseek', protocol: 'anthropic', credential: 'env:K' })).toMatchObject({
      protocol: 'anthropic',
      url: 'https://api.deepseek.com/anthropic',
      credential: { header: 'x-api-key', scheme: '' },
    });
  });

  test('says what it wants to have otherwise', () => {
    const own = { value: 'env:K', header: 'x-mine', scheme: '' };
    const written = { preset: 'mistral', url: 'https://eu.test/v1', credential: own, models: ['m'] } as const;
    expect(withPreset({ ...written, models: ['m'], provider: 'groq', streamOptions: true })).toMatchObject({
      url: 'https://eu.test/v1',
      credential: own,
      models: ['m'],
      provider: 'groq',
      streamOptions: true,
    });
    expect(withPreset({ preset: 'mistral', credential: 'env:K' }).streamOptions).toBe(false);
  });

  test('shows no credential where it has none', () => {
    expect(withPreset({ preset: 'vllm' }).credential).toBeUndefined();
    expect(faults({ preset: 'vllm' })).toEqual([]);
    expect(faults({ preset: 'ollama', credential: 'env:K', url: 'https://ollama.com/v1' })).toEqual([]);
  });

  test.each([
    [{ preset: 'groq' }, /^credential: the preset `groq` needs one/],
    [{ preset: 'groq', protocol: 'anthropic', credential: 'env:K' }, /^protocol: the preset `groq` speaks `openai`$/],
    [{ preset: 'groq', protocol: 'mcp', credential: 'env:K' }, /^protocol: /],
    [{ preset: 'azure-openai', credential: 'env:K' }, /^url: the preset `azure-openai` has no address of its own$/],
    [{ preset: 'azure-openai', credential: 'env:K', url: 'https://x.openai.azure.com' }, /^url: .*`\/openai\/v1`/],
  ] as const)('%j lacks something', (written: WrittenUpstream, fault) => {
    expect(faults(written)).toEqual([expect.stringMatching(fault)]);
  });

  test('of Azure leads to its `/openai/v1`, with its own header', () => {
    const written = {
      preset: 'azure-openai',
      url: 'https://x.openai.azure.com/openai/v1',
      credential: 'env:K',
    } as const;
    expect(faults(written)).toEqual([]);
    expect(withPreset(written)).toMatchObject({ credential: { header: 'api-key', scheme: '' }, provider: 'azure' });
  });
});
