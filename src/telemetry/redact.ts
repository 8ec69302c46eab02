// INVARIANT: a credential leaves in no log line and no span, whoever put it there: known ones go by value, others by their look.

/** Takes credentials out of texts. */
export interface Redactor {
  readonly mask: (text: string) => string;
  /** Adds secrets that are known by value. They are never forgotten: an old key may still be in an error's text. */
  readonly learn: (secrets: readonly string[]) => void;
}

const MASK = '[redacted]';
/** A shorter value is no secret, and would mask half of every text. */
const SECRET_CHARACTERS_MIN = 6;

// Every repetition below ends where the next part cannot begin: the patterns are linear in the text.
const NAMES = '(?:proxy-)?authorization|(?:x-)?(?:goog-)?api[-_]?key|dpop|password|secret|(?:access|refresh|id)_token';
const COOKIES = '(?:set-)?cookie';
const JSON_FIELD = new RegExp(String.raw`("(?:${NAMES}|${COOKIES})"\s*:\s*)(?:"(?:[^"\\]|\\.)*"|\[[^\]]*\])`, 'gi');
const TEXT_FIELD = new RegExp(
  String.raw`\b(${NAMES})((?:\\*["'])?\s*[:=]\s*(?:\\*["'])?)(?!\[redacted|["'[])(?:(?:bearer|basic|dpop)\s+)?[^\s"'\\,;&\]}]+`,
  'gi',
);
const TEXT_COOKIE = new RegExp(String.raw`\b(${COOKIES})(\s*[:=]\s*)(?!\[redacted)[^"'\\\r\n]+`, 'gi');

/** What a credential looks like on its own. */
const LOOKS = [
  String.raw`\b(?:bearer|basic|dpop)\s+[\w.~+/=-]{6,}`,
  String.raw`\beyJ[\w.-]{12,}`,
  String.raw`\b(?:sk|pk|rk)[-_][\w-]{8,}`,
  String.raw`\bwg[kr]_[\w-]{4,}`,
  String.raw`\bAIza[\w-]{20,}`,
  String.raw`\b(?:gh[pousr]|github_pat|xox[abprs]|gsk|hf|glpat)[-_][\w-]{10,}`,
  String.raw`\bAKIA[A-Z0-9]{16}\b`,
  String.raw`:\/\/[^\s:@/]{0,128}:[^\s:@/]{1,256}@`,
];

export function redactor(secrets: readonly string[] = []): Redactor {
  const known = new Set<string>();
  let pattern = new RegExp(LOOKS.join('|'), 'gi');
  const learn = (more: readonly string[]): void => {
    for (const secret of more)
      if (secret.length >= SECRET_CHARACTERS_MIN) for (const form of formsOf(secret)) known.add(form);
    // The longest first: a secret that contains another is masked whole.
    const values = [...known].sort((left, right) => right.length - left.length).map((value) => escaped(value));
    pattern = new RegExp([...values, ...LOOKS].join('|'), 'gi');
  };
  learn(secrets);
  return {
    learn,
    mask: (text) =>
      text
        .replace(pattern, MASK)
        .replace(JSON_FIELD, `$1"${MASK}"`)
        .replace(TEXT_FIELD, `$1$2${MASK}`)
        .replace(TEXT_COOKIE, `$1$2${MASK}`),
  };
}

function escaped(text: string): string {
  return text.replace(/[$()*+./?[\\\]^{|}-]/g, '\\$&');
}

// As it stands, as JSON writes it, in an address, and as HTTP's Basic and careless debugging encode it.
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    bytes.toString('hex'),
  ];
}

/** Texts whose masked form is kept; past it all are forgotten. */
const REMEMBERED = 1_024;
const TEXT_MAX = 512;

/** A mask for texts that recur on the call path, like paths and user agents, cut after 512 characters. */
export function remembering(mask: (text: string) => string): (text: string) => string {
  const masked = new Map<string, string>();
  return function remember(text) {
    const short = text.length > TEXT_MAX ? text.slice(0, TEXT_MAX) : text;
    let known = masked.get(short);
    if (known === undefined) {
      if (masked.size >= REMEMBERED) masked.clear();
      masked.set(short, (known = mask(short)));
    }
    return known;
  };
}
