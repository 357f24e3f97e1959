import type { FaultPath, FoundFault } from './faults.ts';

/** One authority for both would let an application's certificate open the Kx interface. */
export function sameAuthority(): FoundFault {
  return {
    code: 'configuration.same_ca',
    at: ['supply', 'client_ca'],
    message:
      'is the authority of kx.ca, or one of the two is below the other: an application could pass for a key manager',
    remedy:
      'Issue application certificates from an authority of their own, with nothing above it that kx.ca names.',
  };
}

/** A fault for each entry whose name an earlier entry has; unnamed entries never clash. */
export function duplicates<T>(
  entries: readonly T[],
  name: (entry: T) => string | undefined,
  at: (index: number) => FaultPath,
): FoundFault[] {
  const seen = new Map<string, number>();
  return entries.flatMap((entry, i) => {
    const key = name(entry);
    const first = key === undefined ? undefined : seen.get(key);
    if (key !== undefined && first === undefined) seen.set(key, i);
    if (first === undefined) return [];
    return {
      code: 'configuration.duplicate',
      at: at(i),
      message: `${key} is already in entry ${first}`,
      remedy: 'Remove one of the two, or correct it.',
    };
  });
}
