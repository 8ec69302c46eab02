import type { ProtocolName } from '../core/call.ts';
import { type Preset, type PresetName, presetOf, protocolsOf } from './presets.ts';

/** An upstream as far as its config states it. */
export interface WrittenUpstream {
  readonly preset?: PresetName | undefined;
  readonly protocol?: ProtocolName | undefined;
  readonly url?: string | undefined;
  readonly credential?:
    string | { readonly value: string; readonly header: string; readonly scheme: string } | undefined;
  readonly models?: string[] | undefined;
  readonly provider?: string | undefined;
  readonly streamOptions?: boolean | undefined;
}

/** What every upstream has once its preset has filled it in. */
export interface CompleteUpstream {
  readonly protocol: ProtocolName;
  readonly url: string;
  readonly credential: { readonly value: string; readonly header: string; readonly scheme: string } | undefined;
  readonly models: readonly string[];
  readonly provider: string | undefined;
  readonly streamOptions: boolean;
}

export type WithPreset<Written extends WrittenUpstream> = Omit<Written, keyof CompleteUpstream> & CompleteUpstream;

export interface PresetFault {
  readonly field: 'protocol' | 'url' | 'credential';
  readonly message: string;
}

/** What an upstream lacks, with or without its preset. */
export function presetFaults(written: WrittenUpstream): readonly PresetFault[] {
  const { preset: name, protocol, url, credential } = written;
  if (name === undefined) {
    return [
      ...(protocol === undefined ? [fault('protocol', 'expected what it speaks, or a `preset` that says it')] : []),
      ...(url === undefined ? [fault('url', 'expected where it is, or a `preset` that says it')] : []),
    ];
  }
  const preset = presetOf(name);
  const spoken = protocolsOf(preset);
  if (protocol !== undefined && !spoken.includes(protocol)) {
    return [fault('protocol', `the preset \`${name}\` speaks ${spoken.map((each) => `\`${each}\``).join(' or ')}`)];
  }
  const { url: usual } = baseOf(preset, protocol);
  return [
    ...(usual === undefined && url === undefined
      ? [fault('url', `the preset \`${name}\` has no address of its own`)]
      : []),
    ...(name === 'azure-openai' && url !== undefined && !/\/openai\/v1\/?$/.test(url) ? [fault('url', AZURE)] : []),
    ...(preset.needsCredential && credential === undefined
      ? [fault('credential', `the preset \`${name}\` needs one, e.g. \`env:NAME\``)]
      : []),
  ];
}

const AZURE = 'expected an address that ends in `/openai/v1`, e.g. `https://<resource>.openai.azure.com/openai/v1`';

function fault(field: PresetFault['field'], message: string): PresetFault {
  return { field, message };
}

function baseOf(preset: Preset, protocol: ProtocolName = protocolsOf(preset)[0] as ProtocolName) {
  const base = preset.bases[protocol];
  if (!base) throw new RangeError(`bug: the preset has no address for ${protocol}`);
  return { protocol, ...base };
}

/** The upstream with what its preset says, and the defaults of its protocol. Of one with `presetFaults` nothing is true. */
export function withPreset<Written extends WrittenUpstream>(written: Written): WithPreset<Written> {
  const preset = written.preset && presetOf(written.preset);
  const base = preset ? baseOf(preset, written.protocol) : usualBase(written);
  const { credential } = written;
  const { header, scheme } = base;
  return {
    ...written,
    protocol: base.protocol,
    url: written.url ?? base.url ?? '',
    credential: typeof credential === 'string' ? { value: credential, header, scheme } : credential,
    models: written.models ?? preset?.models ?? ['*'],
    provider: written.provider ?? preset?.provider,
    streamOptions: written.streamOptions ?? preset?.takesStreamOptions ?? true,
  };
}

/** How a credential travels where the config does not say; else as a bearer token. */
const USUAL: Partial<Readonly<Record<ProtocolName, readonly [header: string, scheme: string]>>> = {
  anthropic: ['x-api-key', ''],
  gemini: ['x-goog-api-key', ''],
};

function usualBase({ protocol = 'openai', url }: WrittenUpstream) {
  const [header, scheme] = USUAL[protocol] ?? ['authorization', 'Bearer'];
  return { protocol, url, header, scheme };
}
