import * as z from 'zod';
import { limits } from '../limits.ts';
import { parseHostPort } from './address.ts';
import { ID_LETTERS } from './identifier.ts';

/**
 * What every field carries beside its type, for the fault's remedy and for the generated reference: a description, a
 * unit where it has one, and an example.
 */
export type FieldMeta = { readonly description: string; readonly unit?: string; readonly example?: string };

/** Identifier of a KMA or an application. */
export function id(meta: FieldMeta) {
  return z
    .string()
    .min(1, { error: 'must not be empty' })
    .max(limits.idCharsMax, { error: `is longer than ${limits.idCharsMax} characters` })
    .regex(ID_LETTERS, { error: 'may hold only letters, digits, ".", "_", ":" and "-"' })
    .meta({ limits: `1 to ${limits.idCharsMax} of A–Z a–z 0–9 . _ : -`, ...meta });
}

/** Path of a file, a directory or a socket. Relative ones start at the configuration file's directory. */
export function path(meta: FieldMeta) {
  return z
    .string()
    .min(1, { error: 'must not be empty' })
    .max(4_096, { error: 'is longer than 4096 characters' })
    .refine((text) => !text.includes('\0'), { error: 'holds a NUL character' })
    .meta({ limits: 'path', ...meta });
}

/** Address to listen on. Port 0 lets the operating system pick one. */
export function listenAddress(meta: FieldMeta) {
  return z
    .string()
    .refine((text) => parseHostPort(text) !== undefined, {
      error: 'is not HOST:PORT or [IPV6]:PORT with a port of 0 to 65535',
    })
    .meta({ limits: 'HOST:PORT or [IPV6]:PORT', ...meta });
}

/** Address to dial: a port is needed. */
export function dialAddress(meta: FieldMeta) {
  return z
    .string()
    .refine((text) => (parseHostPort(text)?.port ?? 0) > 0, {
      error: 'is not HOST:PORT or [IPV6]:PORT with a port of 1 to 65535',
    })
    .meta({ limits: 'HOST:PORT or [IPV6]:PORT', ...meta });
}

/** A whole number from `min` to `max`. */
export function whole(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

/** The message when not exactly one of `keys` is given; undefined when all is well. */
export function exactlyOne(
  value: Readonly<Record<string, unknown>>,
  keys: readonly string[],
): string | undefined {
  const given = keys.filter((key) => value[key] !== undefined);
  if (given.length === 1) return undefined;
  const listed = keys.join(', ');
  return given.length === 0
    ? `needs one of ${listed}`
    : `has ${given.join(' and ')}: exactly one of ${listed} is allowed`;
}
