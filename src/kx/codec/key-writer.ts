import { base64Length } from '../../bytes/base64.ts';
import { assert } from '../../errors.ts';
import { formatUuid } from '../../keys/uuid.ts';
import { limits } from '../../limits.ts';
import { bytes, isInside, loops, region } from './engine.ts';
import { KeyTable, makeRoom } from './key-table.ts';
import { type MemberNames, spell } from './member-names.ts';

/** What stands around the ID and the base64 of one element of `keys`. */
export type KeyForm = {
  readonly before: string;
  readonly between: string;
  readonly behind: string;
  /** Bytes of one element with its ID and key. */
  readonly bytes: number;
};

const UUID_LETTERS = 36;
const forms = new Map<MemberNames, KeyForm>();

/** The elements of `keys` as they are spelt. */
export function keyForm(names: MemberNames): KeyForm {
  let form = forms.get(names);
  if (form === undefined) {
    const [before, between, behind] = [
      `{"${spell('key_ID', names)}":"`,
      `","${spell('key', names)}":"`,
      '"}',
    ];
    const texts = before.length + between.length + behind.length;
    form = { before, between, behind, bytes: texts + UUID_LETTERS + base64Length(limits.unitBytes) };
    forms.set(names, form);
  }
  return form;
}

/**
 * Writes the elements of `keys` into a payload, with commas between them.
 * @param at offset in the payload; there is room for all elements and 16 bytes more
 * @param firstId 16 bytes: the first key's ID; each further one is one more
 * @param keys all keys one after the other, `limits.unitBytes` each; only lent
 */
export function writeKeys(
  payload: Buffer,
  at: number,
  { before, between, behind }: KeyForm,
  firstId: Uint8Array,
  keys: Uint8Array,
): KeyTable {
  const count = keys.length / limits.unitBytes;
  assert(Number.isInteger(count) && count > 0 && count <= limits.relayKeysMax, 'whole keys, as many as fit');
  makeRoom();
  bytes.write(formatUuid(firstId) + before + between + behind, region.text, 'latin1');
  bytes.set(keys, region.keys);
  const address = isInside(payload) ? payload.byteOffset : region.input;
  const texts = [before.length, between.length, behind.length] as const;
  const end = loops.writeKeys(address, address + at, count, limits.unitBytes, ...texts);
  bytes.fill(0, region.keys, region.keys + keys.length);
  const table = new KeyTable(count, keys.length, 0);
  if (!isInside(payload)) {
    const written = bytes.subarray(region.input + at, region.input + end);
    payload.set(written, at);
    written.fill(0);
  }
  return table;
}
