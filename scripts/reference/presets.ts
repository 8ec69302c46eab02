import { PRESETS, type Preset } from '../../src/upstreams/presets.ts';
import { page, table } from './markdown.ts';

/** docs/reference/presets.md */
export function presetsPage(): string {
  const rows = Object.entries<Preset>(PRESETS).flatMap(([name, preset]) =>
    Object.entries(preset.bases).map(([protocol, { url, header, scheme }], index) => [
      index === 0 ? `\`${name}\`` : '',
      `\`${protocol}\``,
      url === undefined ? 'yours' : `\`${url}\``,
      `\`${scheme === '' ? header : `${header}: ${scheme}`}\`${preset.needsCredential ? '' : ', if any'}`,
      index === 0 ? (preset.provider ?? 'yours') : '',
      index === 0 ? notesOf(preset) : '',
    ]),
  );
  return page(
    '# Presets of providers',
    '`preset: groq` at an upstream fills in its protocol, its address, the header of its credential and where its prices are listed; whatever the upstream says itself wins. The first protocol of a provider is meant unless `protocol` names the other. Where *prices* are yours, state `prices` at the upstream (`"*": free` for a server of your own) or a `ceiling`.',
    '```yaml\nupstreams:\n  groq: { preset: groq, credential: env:GROQ_API_KEY }\n  kimi: { preset: moonshot, protocol: anthropic, credential: env:MOONSHOT_API_KEY }\n  local: { preset: ollama, prices: { "*": free } }\n```',
    table(['preset', 'protocol', 'address', 'credential', 'prices', 'notes'], rows),
  );
}

function notesOf({ models, takesStreamOptions, note }: Preset): string {
  return [
    ...(models.includes('*') ? [] : [`Models: ${models.map((model) => `\`${model}\``).join(', ')}.`]),
    ...(takesStreamOptions ? [] : ['Is not sent `stream_options`; it states the usage of streams by itself.']),
    note,
  ]
    .join(' ')
    .trim();
}
