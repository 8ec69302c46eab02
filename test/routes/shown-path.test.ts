import { expect, test } from 'vitest';
import { shownPath } from '../../src/routes/shown-path.ts';

test.each([
  ['/v1/chat/completion', '/v1/chat/completion'],
  ['/v1/messages/count_tokens', '/v1/messages/count_tokens'],
  ['/nowhere/wgk_9ce094ea1c2a_secret', '/nowhere/…'],
  ['/sk-proj-0123456789012345678901234567/v1', '/…/v1'],
])('an error repeats of `%s` only what cannot be a key', (path, shown) => {
  expect(shownPath(path)).toBe(shown);
});
