import { createHash } from 'node:crypto';
import { limits } from '../../src/limits.ts';

const FOREIGN_BYTES = 48;

/** The name of a block. */
export function nameOf(remote: string, own: boolean, number: number): string {
  return `${remote} ${own ? 'own' : 'their'} ${number}`;
}

/** What a plain KM relays under that ID. */
export function foreignKey(id: string): Buffer {
  return knownKey(`foreign ${id}`, FOREIGN_BYTES);
}

/** Bytes that look random and are the same wherever they are asked for: what a block or key of that name holds. */
export function knownKey(name: string, bytes: number): Buffer {
  return createHash('shake256', { outputLength: bytes }).update(name).digest();
}

/** Units `index` to `index + units` of a block of that name. */
export function knownUnits(name: string, index: number, units: number): Buffer {
  const end = (index + units) * limits.unitBytes;
  return knownKey(name, end).subarray(index * limits.unitBytes);
}

export function sha256(...parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('base64url');
}
