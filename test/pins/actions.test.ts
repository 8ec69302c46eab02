import { describe, test } from 'vitest';
import { ACTIONS, RESOURCE_KINDS } from '../../src/core/access.ts';
import { expectPinned } from './pinned.ts';

describe('what policies name', () => {
  test('the actions', () => {
    expectPinned(ACTIONS, [
      'model.generate',
      'model.embed',
      'model.image',
      'model.speech',
      'model.transcribe',
      'model.moderate',
      'model.batch',
      'model.list',
      'model.count',
      'tool.call',
      'tool.list',
      'tool.local',
      'resource.read',
      'prompt.get',
      'agent.send',
      'agent.task',
      'http.request',
      'object.read',
      'object.write',
      'run.spawn',
    ]);
  });

  test('the kinds of resources', () => {
    expectPinned(RESOURCE_KINDS, ['model', 'tool', 'resource', 'prompt', 'agent', 'http', 'object']);
  });
});
