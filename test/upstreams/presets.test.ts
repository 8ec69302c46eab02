import { describe, expect, test } from 'vitest';
import { providerId } from '../../src/metering/catalogue.ts';
import { PRESET_NAMES, presetOf, protocolsOf } from '../../src/upstreams/presets.ts';
import { upstreamSchema } from '../../src/upstreams/schema.ts';

describe.each(PRESET_NAMES)('the preset %s', (name) => {
  const preset = presetOf(name);

  test('has addresses that a config could have, without a path of the protocol’s own', () => {
    expect(protocolsOf(preset).length).toBeGreaterThan(0);
    for (const [protocol, base] of Object.entries(preset.bases)) {
      if (base.url === undefined) continue;
      expect(upstreamSchema.safeParse({ protocol, url: base.url }).success).toBe(true);
      expect(base.url).toMatch(preset.needsCredential ? /^https:/ : /^http:\/\/127\.0\.0\.1:/);
      expect(base.url).not.toMatch(protocol === 'anthropic' ? /\/v1\/?$/ : /\/(?:chat|responses)|\/$/);
    }
  });

  test('has prices in the catalogue, or says that it has none', () => {
    if (preset.provider !== undefined) {
      expect(providerId({ provider: preset.provider, url: '' })).toBe(preset.provider);
      return;
    }
    for (const { url = '' } of Object.values(preset.bases))
      expect(providerId({ provider: undefined, url })).toBeUndefined();
  });
});
