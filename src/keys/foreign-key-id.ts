import { limits } from '../limits.ts';
import { isUuid } from './uuid.ts';

const CONTROL = /\p{Cc}/u;

/**
 * A key's ID in the form in which it is kept and compared, in whatever form a KM gave it: a UUID in lower case (RFC 9562 §4: either case is
 * read), any other text as it is.
 * @returns undefined when it cannot be an ID: empty, over 64 characters, with control characters, or no Unicode text
 */
export function foreignKeyId(text: string): string | undefined {
  if (isUuid(text)) return text.toLowerCase();
  if (text === '' || text.length > limits.idCharsMax) return undefined;
  return CONTROL.test(text) || !text.isWellFormed() ? undefined : text;
}
