/** Where a secret is kept: `env:NAME` or `file:PATH`. A config never holds the secret itself. */
export const SECRET_REFERENCE = /^(?:env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$/;

/** What to say of a text that is no reference. It must not repeat the text, which may be the secret. */
export const NOT_A_REFERENCE = 'expected a reference like `env:NAME` or `file:PATH`, never the secret itself';

/** A reference, read. */
export type SecretReference =
  { readonly kind: 'env'; readonly name: string } | { readonly kind: 'file'; readonly path: string };

/** The parts of a reference, or undefined where the text is none. */
export function parseSecretReference(text: string): SecretReference | undefined {
  if (!SECRET_REFERENCE.test(text)) return undefined;
  return text.startsWith('env:')
    ? { kind: 'env', name: text.slice('env:'.length) }
    : { kind: 'file', path: text.slice('file:'.length) };
}
