import { expect } from 'vitest';

/** Holds a value to the literal that users rely on. The literal is typed out, never taken from the sources. */
export function expectPinned(actual: unknown, pin: unknown): void {
  expect(
    actual,
    'users rely on this. Is the change intended? Then change the pin and CHANGELOG.md in the same commit',
  ).toStrictEqual(pin);
}
