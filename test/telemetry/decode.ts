// Reads OTLP's protobuf by the field numbers of opentelemetry-proto 1.x (trace.proto, common.proto, resource.proto).

interface Field {
  readonly number: number;
  readonly wire: number;
  readonly value: bigint;
  readonly bytes: Buffer;
}

function fieldsOf(bytes: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error('a varint runs past the end');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const slice = (length: number): Buffer => {
    if (at + length > bytes.length) throw new Error('a field runs past the end');
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const wire = tag & 7;
    const number = tag >> 3;
    if (number === 0) throw new Error('field 0');
    if (wire === 0) fields.push({ number, wire, value: varint(), bytes: Buffer.alloc(0) });
    else if (wire === 1) fields.push({ number, wire, value: 0n, bytes: slice(8) });
    else if (wire === 5) fields.push({ number, wire, value: 0n, bytes: slice(4) });
    else if (wire === 2) fields.push({ number, wire, value: 0n, bytes: slice(Number(varint())) });
    else throw new Error(`wire type ${wire}`);
  }
  return fields;
}

export type Value = string | boolean | number | bigint | readonly Value[];
export type Attributes = Readonly<Record<string, Value>>;

function anyValue(bytes: Buffer): Value {
  const [field] = fieldsOf(bytes);
  if (!field) throw new Error('an empty value');
  if (field.number === 1) return field.bytes.toString();
  if (field.number === 2) return field.value === 1n;
  if (field.number === 3) return field.value;
  if (field.number === 4) return field.bytes.readDoubleLE();
  if (field.number === 5) return fieldsOf(field.bytes).map((item) => anyValue(item.bytes));
  throw new Error(`value field ${field.number}`);
}

function attributesOf(fields: readonly Field[], number: number): Attributes {
  const attributes: Record<string, Value> = {};
  for (const field of fields.filter((candidate) => candidate.number === number)) {
    const [name, value] = [1, 2].map((wanted) => fieldsOf(field.bytes).find((inner) => inner.number === wanted));
    if (!name || !value) throw new Error('an attribute without name or value');
    const text = name.bytes.toString();
    if (text in attributes) throw new Error(`the attribute ${text} occurs twice`);
    attributes[text] = anyValue(value.bytes);
  }
  return attributes;
}

export interface DecodedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string;
  readonly parentId: string;
  readonly name: string;
  /** 2 is SERVER, 3 is CLIENT. */
  readonly kind: number;
  readonly startNanos: bigint;
  readonly endNanos: bigint;
  readonly attributes: Attributes;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status: { readonly code: number; readonly message: string };
  readonly flags: number;
}

function text(fields: readonly Field[], number: number): string {
  return fields.find((field) => field.number === number)?.bytes.toString() ?? '';
}

function hex(fields: readonly Field[], number: number): string {
  return fields.find((field) => field.number === number)?.bytes.toString('hex') ?? '';
}

function spanOf(bytes: Buffer): DecodedSpan {
  const fields = fieldsOf(bytes);
  const of = (number: number): Field | undefined => fields.find((field) => field.number === number);
  const status = fieldsOf(of(15)?.bytes ?? Buffer.alloc(0));
  return {
    traceId: hex(fields, 1),
    spanId: hex(fields, 2),
    traceState: text(fields, 3),
    parentId: hex(fields, 4),
    name: text(fields, 5),
    kind: Number(of(6)?.value ?? 0n),
    startNanos: of(7)?.bytes.readBigUInt64LE() ?? 0n,
    endNanos: of(8)?.bytes.readBigUInt64LE() ?? 0n,
    attributes: attributesOf(fields, 9),
    links: fields
      .filter((field) => field.number === 13)
      .map((field) => ({ traceId: hex(fieldsOf(field.bytes), 1), spanId: hex(fieldsOf(field.bytes), 2) })),
    status: { code: Number(status.find((field) => field.number === 3)?.value ?? 0n), message: text(status, 2) },
    flags: of(16)?.bytes.readUInt32LE() ?? 0,
  };
}

export interface DecodedRequest {
  readonly resource: Attributes;
  readonly scope: { readonly name: string; readonly version: string };
  readonly spans: readonly DecodedSpan[];
}

/** An ExportTraceServiceRequest of one resource and one scope. */
export function decodeTraces(bytes: Uint8Array): DecodedRequest {
  const resourceSpans = only(fieldsOf(Buffer.from(bytes)), 1);
  const scopeSpans = only(resourceSpans, 2);
  const scope = only(scopeSpans, 1);
  return {
    resource: attributesOf(only(resourceSpans, 1), 1),
    scope: { name: text(scope, 1), version: text(scope, 2) },
    spans: scopeSpans.filter((field) => field.number === 2).map((field) => spanOf(field.bytes)),
  };
}

function only(fields: readonly Field[], number: number): Field[] {
  const [field, ...more] = fields.filter((candidate) => candidate.number === number);
  if (!field || more.length > 0) throw new Error(`expected one field ${number}`);
  return fieldsOf(field.bytes);
}
