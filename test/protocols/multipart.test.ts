import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GatewayError } from '../../src/core/errors.ts';
import { boundaryOf, readForm } from '../../src/protocols/multipart.ts';

const B = 'xYz';
const form = (text: string): Buffer => Buffer.from(text.replaceAll('\n', '\r\n'), 'latin1');
const part = (name: string, value: string): string =>
  `--${B}\ncontent-disposition: form-data; name="${name}"\n\n${value}\n`;
const read = (text: string) => readForm(form(text), B);
const values = (body: Buffer, boundary = B): string[][] =>
  readForm(body, boundary).map(({ name, start, end }) => [name, body.toString('latin1', start, end)]);

describe('the boundary', () => {
  test.each([
    ['multipart/form-data; boundary=abc', 'abc'],
    ['Multipart/Form-Data;boundary="a b"', undefined],
    ['multipart/form-data; boundary="a=b"', 'a=b'],
    ['multipart/form-data; boundary=----WebKitFormBoundaryAbc123', '----WebKitFormBoundaryAbc123'],
    [`multipart/form-data; boundary=${'a'.repeat(71)}`, undefined],
    ['multipart/form-data', undefined],
    ['multipart/form-data; boundary=', undefined],
    ['multipart/form-data; boundary=a; boundary=b', undefined],
    ['multipart/form-data; boundary=a; charset=utf-16', undefined],
    ['multipart/form-data; charset=utf-8; boundary=a', undefined],
    ['multipart/mixed; boundary=a', undefined],
    ['application/json', undefined],
  ])('of %j is %j', (type, boundary) => {
    expect(boundaryOf(type)).toBe(boundary);
  });
});

describe('a form', () => {
  test('is its parts, by where their values stand', () => {
    expect(values(form(`${part('a', '1')}${part('b', 'x\ny')}--${B}--\n`))).toEqual([
      ['a', '1'],
      ['b', 'x\r\ny'],
    ]);
    expect(values(form(`--${B}--`))).toEqual([]);
    expect(values(form(`${part('a', '')}--${B}--`))).toEqual([['a', '']]);
  });

  test.each([
    ['', 'does not begin'],
    ['preamble', 'does not begin'],
    [`\n--${B}--`, 'does not begin'],
    [part('a', '1'), 'does not end'],
    [`${part('a', '1')}--${B}--epilogue`, 'goes on behind'],
    [`${part('a', '1')}--${B}--\n${part('model', 'big')}--${B}--`, 'goes on behind'],
    [`--${B}--${part('model', 'big')}--${B}--`, 'where no part begins'],
    [`${part('a', `1--${B}x`)}--${B}--`, 'where no part begins'],
    [`${part('a', `\n--${B}x`)}--${B}--`, 'where no part begins'],
    [`${part('a', `\n--${B} \ncontent-disposition: form-data; name="model"\n\nbig`)}--${B}--`, 'where no part begins'],
    [`--${B}\ncontent-disposition: form-data; name="a"\n--${B}--`, 'without a blank line'],
    [`--${B}\n--${B}--`, 'without a blank line'],
    [`--${B}\nx-filler: ${'x'.repeat(5_000)}\n\n1\n--${B}--`, 'bytes of headers'],
    [`${Array.from({ length: 257 }, (_, index) => part(String(index), '')).join('')}--${B}--`, 'more than 256 parts'],
  ])('%j is none', (text, told) => {
    expect(() => read(text)).toThrow(told);
  });

  test('whose lines end as only some readers take them is none', () => {
    const bare = Buffer.from(`${part('a', `1\n--${B}\ncontent-disposition: form-data; name="model"\n\nbig`)}--${B}--`);
    expect(() => readForm(bare, B)).toThrow(GatewayError);
    const inside = form(part('a', '1')).toString('latin1') + `--${B}--`;
    const lineFeed = inside.replace('\r\n\r\n1', `\r\n\r\n1\n--${B}\r\n\r\n`);
    expect(() => readForm(Buffer.from(lineFeed, 'latin1'), B)).toThrow('where no part begins');
  });
});

describe('against another reader', () => {
  const bytes = fc.uint8Array({ maxLength: 200 });
  const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,8}(\[\])?$/);

  test('what it writes is read, byte for byte', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(name, bytes, fc.boolean()), { maxLength: 6 }), async (fields) => {
        const data = new FormData();
        for (const [key, value, asFile] of fields) {
          if (asFile) data.append(key, new Blob([new Uint8Array(value)]), 'f.bin');
          else data.append(key, Buffer.from(value).toString('hex'));
        }
        const { body, boundary } = await written(data);
        expect(values(body, boundary)).toEqual(
          fields.map(([key, value, asFile]) => [key, Buffer.from(value).toString(asFile ? 'latin1' : 'hex')]),
        );
      }),
      { numRuns: 100 },
    );
  });

  test('a form with any bytes changed, cut or put in is refused, or read alike', async () => {
    const data = new FormData();
    data.append('model', 'small');
    data.append('file', new Blob([Buffer.from('some bytes\r\n--of a file')]), 'a.bin');
    const { body, boundary } = await written(data);
    const marks = ['\r\n', '\n', '--', `--${boundary}`, `\r\n--${boundary}\r\n`, ': ', '"', ';', ' ', 'name="model"'];
    const insert = fc.oneof(fc.constantFrom(...marks), fc.string({ unit: 'binary', maxLength: 3 }));
    await fc.assert(
      fc.asyncProperty(fc.nat(body.length), fc.nat(4), insert, async (at, cut, text) => {
        const changed = Buffer.concat([body.subarray(0, at), Buffer.from(text), body.subarray(at + cut)]);
        const ours = attempt(() => values(changed, boundary));
        if (!ours) return;
        const type = `multipart/form-data; boundary=${boundary}`;
        const answer = new Response(new Uint8Array(changed), { headers: { 'content-type': type } });
        const theirs = await answer.formData().catch(() => undefined);
        if (!theirs) return;
        const told = await Promise.all(
          [...theirs].map(async ([key, value]) => [key, typeof value === 'string' ? value : await value.text()]),
        );
        const utf8 = (value = ''): string => Buffer.from(value, 'latin1').toString();
        expect(ours.map(([key, value]) => [key, utf8(value)])).toEqual(told);
      }),
      { numRuns: 500 },
    );
  });
});

async function written(data: FormData): Promise<{ readonly body: Buffer; readonly boundary: string }> {
  const response = new Response(data);
  const boundary = boundaryOf(response.headers.get('content-type') ?? '') as string;
  return { body: Buffer.from(await response.arrayBuffer()), boundary };
}

function attempt<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    expect(error).toBeInstanceOf(GatewayError);
    return undefined;
  }
}
