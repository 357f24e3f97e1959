import { limits } from '../limits.ts';

/** Letters that the ID of a KMA or an application may hold: they need no escaping in a URL, a certificate or a file name. */
export const ID_LETTERS = /^[A-Za-z0-9._:-]+$/;

export function isIdentifier(text: string): boolean {
  return text.length <= limits.idCharsMax && ID_LETTERS.test(text);
}
