/** The spellings of member names that we can write, each named by an example; we read any (Q.4163 §8 names parameters, not members). */
export type MemberNames = 'source_KMA_ID' | 'Source KMA ID' | 'sourceKmaId' | 'source_kma_id';

/** `name` in our own spelling, such as `key_relay_request_ID`, in another one. */
export function spell(name: string, names: MemberNames): string {
  const words = name.split('_');
  switch (names) {
    case 'source_KMA_ID':
      return name;
    case 'Source KMA ID':
      return [capital(words[0]!), ...words.slice(1)].join(' ');
    case 'sourceKmaId':
      return words.map((word, i) => (i === 0 ? word : capital(word.toLowerCase()))).join('');
    case 'source_kma_id':
      return name.toLowerCase();
    default:
      return names satisfies never;
  }
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
