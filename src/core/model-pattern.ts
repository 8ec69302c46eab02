/** Tests names of models, case-sensitive, against a pattern in which `*` matches any characters. */
export function modelPattern(pattern: string): RegExp {
  const literals = pattern.split(/\*+/).map((text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
  return new RegExp(`^${literals.join('[^]*?')}$`);
}
