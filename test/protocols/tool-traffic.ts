// Makers for the tests of what the dialects tell of tools.
import { sha256 } from '../../src/core/digest.ts';
import type { Dialect } from '../../src/core/call.ts';
import type { ToolAsk, ToolResult } from '../../src/core/tool-traffic.ts';
import { PROTOCOLS } from '../../src/protocols/index.ts';
import type { UsageReader } from '../../src/protocols/protocol.ts';
import { toolAsks } from '../../src/protocols/tool-steps.ts';
import { bytes, request } from './request.ts';

/** What is read of a request to a model. */
export function resultsIn(dialect: Dialect, fields: object): readonly ToolResult[] {
  const path = dialect === 'gemini' ? '/v1beta/models/m:generateContent' : dialect === 'anthropic' ? '/messages' : '';
  const model = dialect === 'gemini' ? {} : { model: 'm' };
  return PROTOCOLS[dialect].read(request('POST'), path, bytes({ ...model, ...fields })).toolResults ?? [];
}

/** The same, of each result its name, id and arguments. */
export function toldIn(dialect: Dialect, fields: object): readonly unknown[] {
  return resultsIn(dialect, fields).map(({ name, id, args }) => [name, id, args]);
}

/** What is read of a whole answer. */
export function asksIn(dialect: Dialect, answer: unknown): readonly ToolAsk[] {
  return asks(dialect, (reader) => reader.json(bytes(answer)));
}

/** What is read of a stream, whose events have the type that their data says. */
export function asksInStream(dialect: Dialect, events: readonly object[]): readonly ToolAsk[] {
  return asks(dialect, (reader) => {
    for (const event of events) {
      const name = 'type' in event ? String(event.type) : '';
      reader.event(name, Buffer.from(JSON.stringify(event)).toString('latin1'));
    }
  });
}

function asks(dialect: Dialect, read: (reader: UsageReader) => void): readonly ToolAsk[] {
  const reader = PROTOCOLS[dialect].usage();
  read(reader);
  return toolAsks(reader.result.toolUses);
}

/** A use as it is read, with the canonical text of its arguments. */
export function ask(id: string, name: string, canonical: string): ToolAsk {
  return { id, name, argsDigest: sha256(canonical) };
}
