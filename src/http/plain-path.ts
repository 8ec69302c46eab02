// One spelling per path, so that what was matched is what is sent and no server behind it reads another.

// RFC 3986's plain characters without `;`, no empty or dot segments, nothing percent-encoded.
const PLAIN_PATH = /^\/$|^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9\-._~!$&'()*+,=:@]+)+\/?$/;
/** Below it segments are names of somebody else's, which may have any character. */
const API = /^\/http\/[a-z0-9-]+\/./;
const SEGMENT = /^(?:[A-Za-z0-9\-._~!$&'()*+,=:@]|%[0-9A-F]{2})+$/;
/** Plain characters that clients encode all the same (`encodeURIComponent` and its like). */
const NEEDLESS = /%(?:2[146-9A-C]|3[AD]|40)/g;
// eslint-disable-next-line no-control-regex -- control characters are what this is about
const UNSAFE = /[\u0000-\u001f\u007f-\u009f/\\%?#;]|^\.{1,2}$/;

/** A path in its plain form; undefined where servers could read it in two ways. */
export function plainPath(path: string): string | undefined {
  if (PLAIN_PATH.test(path)) return path;
  if (!API.test(path)) return undefined;
  const segments = path.slice(1).split('/');
  const plain = segments.map((segment, index) =>
    segment === '' && index === segments.length - 1 ? '' : plainSegment(segment),
  );
  return plain.includes(undefined) ? undefined : `/${plain.join('/')}`;
}

/** A segment in which just those characters are percent-encoded that have to be; undefined for any other. */
function plainSegment(segment: string): string | undefined {
  if (!SEGMENT.test(segment)) return undefined;
  const plain = segment.replace(NEEDLESS, decodeURIComponent);
  const text = decoded(plain);
  if (text === undefined || UNSAFE.test(text)) return undefined;
  // Spaces around a name, and characters that are another one's double, are lost on some servers.
  if (text.trim() !== text || text.normalize('NFKC') !== text) return undefined;
  const canonical = encodeURIComponent(text).replace(NEEDLESS, decodeURIComponent);
  return canonical === plain ? plain : undefined;
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
