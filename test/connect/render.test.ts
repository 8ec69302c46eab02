import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { shellText } from '../../src/connect/render.ts';

test('a shell reads every value as it is, and only `$NAME` as a reference', () => {
  const variables = { A: 'http://h:1/v1', B: "it's $HOME `x`\n", C: '$HELD', D: '$HELD $HELD', E: '' };
  const read = execFileSync('/bin/sh', ['-c', `${shellText(variables)}\nprintf '%s|' "$A" "$B" "$C" "$D" "$E"`], {
    env: { HELD: 'a b' },
    encoding: 'utf8',
  });
  expect(read).toBe("http://h:1/v1|it's $HOME `x`\n|a b|$HELD $HELD||");
});
