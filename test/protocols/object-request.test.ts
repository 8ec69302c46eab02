import { describe, expect, test } from 'vitest';
import { objectReading, objectTemplate } from '../../src/protocols/object-request.ts';
import { openaiObjects } from '../../src/protocols/openai-objects.ts';
import { bytes, request } from './request.ts';

const NONE = Buffer.alloc(0);

describe('the path of an object', () => {
  test.each([
    ['/files/file-1', '/files/{id}'],
    ['/files/file-1/content', '/files/{id}/content'],
    ['/messages/batches/msgbatch_01/results', '/messages/batches/{id}/results'],
    ['/responses/resp_1/input_items', '/responses/{id}/input_items'],
    ['/files', undefined],
    ['/files/', undefined],
    ['/files/..', undefined],
    ['/files/a.b', undefined],
    ['/files/%2e', undefined],
    ['/files/a/', undefined],
    ['/files/a/b/c', undefined],
    ['/files/a/Content', undefined],
    [`/files/${'a'.repeat(129)}`, undefined],
    ['/models/gpt', undefined],
  ])('%s has the template %s', (path, template) => {
    expect(objectTemplate(path)).toBe(template);
  });
});

describe('a request for objects', () => {
  test('reads or writes what its path names', () => {
    expect(objectReading(request('GET'), '/files/file-1/content', NONE)).toMatchObject({
      action: 'object.read',
      resource: { kind: 'object', name: 'files/file-1/content' },
      args: {},
    });
    expect(objectReading(request('DELETE'), '/files/file-1', NONE)).toMatchObject({ action: 'object.write' });
    expect(objectReading(request('POST'), '/batches/batch_1/cancel', NONE)).toMatchObject({
      action: 'object.write',
      args: {},
    });
  });

  test('shows its fields, and of an uploaded file its name, type and size', () => {
    const type = 'multipart/form-data; boundary=b';
    const body = [
      '--b\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nbatch\r\n',
      '--b\r\ncontent-disposition: form-data; name="file"; filename="a.jsonl"\r\n\r\n{}\n\r\n--b--\r\n',
    ].join('');
    expect(objectReading(request('POST', { 'content-type': type }), '/files', bytes(body)).args).toEqual({
      purpose: 'batch',
      files: [{ field: 'file', filename: 'a.jsonl', type: '', bytes: 3 }],
    });
    const upload = { purpose: 'user_data', bytes: 5 };
    expect(objectReading(request('POST'), '/uploads', bytes(upload)).args).toEqual(upload);
  });

  test.each([
    ['GET', '/files', '{}', /no body with GET/],
    ['DELETE', '/files/file-1', '{}', /no body with DELETE/],
    ['POST', '/files', '{"purpose":"batch"}', /multipart/],
    ['POST', '/uploads', '{"purpose":"a","Purpose":"b"}', /could be taken for `purpose`/],
    ['POST', '/uploads', '{"purpose":"a","purpose":"b"}', /twice/],
  ])('%s %s with %s is refused', (method, path, body, told) => {
    expect(() => objectReading(request(method), path, bytes(body))).toThrow(told);
  });
});

test('only making a batch is more than writing an object', () => {
  const read = (method: string, path: string) => openaiObjects.read(request(method), path, NONE).action;
  expect(read('POST', '/batches')).toBe('model.batch');
  expect(read('POST', '/batches/batch_1/cancel')).toBe('object.write');
  expect(read('GET', '/batches')).toBe('object.read');
});
