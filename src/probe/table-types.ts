import type { Received } from './dialogue.ts';

/** What is wrong with the extension of Tables 2 and 4, an array of objects; undefined when nothing is, or there is none. */
export function extensionFault({ members }: Received): string | undefined {
  const extension = members.get('extension');
  if (extension === undefined) return undefined;
  const entries = Array.isArray(extension) ? extension : [undefined];
  const good = entries.every((entry) => typeof entry === 'object' && entry !== null && !Array.isArray(entry));
  return good ? undefined : 'its extension is no array of objects';
}

/**
 * What is wrong with the key ID of Table 4: a text, or several in an array, since a response answers for all keys of a notification.
 * @param success without it there may be no key to name
 */
export function keyIdFault({ members }: Received, success: boolean): string | undefined {
  const keyId = members.get('keyid');
  if (keyId === undefined) return 'it has no key ID, which is mandatory';
  const ids: unknown[] = Array.isArray(keyId) ? keyId : [keyId];
  if (!ids.every((id) => typeof id === 'string')) return 'it has a key ID that is no text';
  const named = ids.length > 0 && !ids.includes('');
  return named || !success ? undefined : 'it names no key that was supplied: the key ID is empty';
}
