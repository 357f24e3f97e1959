import { base64Length, writeBase64 } from '../../bytes/base64.ts';
import { assert } from '../../errors.ts';
import type { ApplicationPair, SuppliedKey, SupplyStatus } from '../key-supply.ts';
import { isKeyId } from './key-ids.ts';

const OPEN = Buffer.from('{"keys":[');
const BEFORE_ID = Buffer.from('{"key_ID":');
const BEFORE_KEY = Buffer.from(',"key":"');
const AFTER_KEY = Buffer.from('"}');
const CLOSE = Buffer.from(']}');
const COMMA = 0x2c;

/** The Status data format (GS QKD 014 clause 6.1). */
export function statusBody(pair: ApplicationPair, status: SupplyStatus): Buffer {
  return Buffer.from(
    JSON.stringify({
      source_KME_ID: status.sourceKmeId,
      target_KME_ID: status.targetKmeId,
      master_SAE_ID: pair.masterSaeId,
      slave_SAE_ID: pair.slaveSaeId,
      key_size: status.keySizeBits,
      stored_key_count: status.storedKeyCount,
      max_key_count: status.maxKeyCount,
      max_key_per_request: status.maxKeyPerRequest,
      max_key_size: status.maxKeySizeBits,
      min_key_size: status.minKeySizeBits,
      max_SAE_ID_count: 0,
    }),
  );
}

/**
 * The Key container data format (clause 6.3), written byte by byte so that no key passes through a string. The keys
 * stay the caller's; the result holds them and is the caller's to wipe.
 */
export function keyContainer(keys: readonly SuppliedKey[]): Buffer {
  const container = Buffer.alloc(containerBytes(keys));
  const end = writeContainer(keys, container, 0);
  assert(end === container.length, 'a key container was measured wrongly');
  return container;
}

const BEFORE_CONTAINER = Buffer.from('event: keys\ndata: ');
const AFTER_CONTAINER = Buffer.from('\n\n');

/** A key container as a server-sent event: it has no line break in it. Ownership is as with `keyContainer`. */
export function keyEvent(keys: readonly SuppliedKey[]): Buffer {
  const event = Buffer.alloc(BEFORE_CONTAINER.length + containerBytes(keys) + AFTER_CONTAINER.length);
  const end = writeContainer(keys, event, BEFORE_CONTAINER.copy(event, 0));
  assert(end + AFTER_CONTAINER.copy(event, end) === event.length, 'a key event was measured wrongly');
  return event;
}

function writeContainer(keys: readonly SuppliedKey[], container: Buffer, at: number): number {
  at += OPEN.copy(container, at);
  for (const [index, key] of keys.entries()) {
    assert(isKeyId(key.keyId), 'a key ID is not in the form that we write');
    if (index > 0) container[at++] = COMMA;
    at += BEFORE_ID.copy(container, at);
    at += container.write(JSON.stringify(key.keyId), at, 'utf8');
    at += BEFORE_KEY.copy(container, at);
    at = writeBase64(key.bytes.view(), container, at);
    at += AFTER_KEY.copy(container, at);
  }
  return at + CLOSE.copy(container, at);
}

function containerBytes(keys: readonly SuppliedKey[]): number {
  let bytes = OPEN.length + CLOSE.length + Math.max(0, keys.length - 1);
  for (const key of keys) {
    const idBytes = Buffer.byteLength(JSON.stringify(key.keyId));
    bytes +=
      BEFORE_ID.length + idBytes + BEFORE_KEY.length + base64Length(key.bytes.length) + AFTER_KEY.length;
  }
  return bytes;
}
