import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { openAddress, sealAddress } from '../../src/keys/key-address.ts';
import { parseUuid } from '../../src/keys/uuid.ts';
import { syncProof } from '../../src/kma/sync-proof.ts';
import { readCompletion, writeCompletion } from '../../src/kx/codec/completion.ts';
import { allocFrame, readHeader, setMessageId } from '../../src/kx/codec/header.ts';
import { type PadSegment, sealHop, verifyHop } from '../../src/kx/codec/hop.ts';
import { readKeyRelay, writeKeyRelay } from '../../src/kx/codec/key-relay.ts';
import { coverKeys } from '../../src/kx/codec/key-table.ts';
import {
  readAnswers,
  readFloor,
  readProposals,
  writeAnswers,
  writeProposals,
} from '../../src/kx/codec/private-messages.ts';
import { frameWithHop, idsOf, rangesOf } from './framed.ts';
import { type Golden, goldenVectors } from './golden-vectors.ts';
import type { Segments } from './naive.ts';

const read = (path: string) => readFile(new URL(path, import.meta.url), 'utf8');
const names = ['header', 'hop', 'sync-proof', 'key-address', 'key-relay'] as const;
const stored = await Promise.all(
  names.map(async (name) => [name, JSON.parse(await read(`../golden/kx/${name}.json`))]),
);
const golden = Object.fromEntries(stored) as Golden;

const unhex = (hex: string) => Buffer.from(hex, 'hex');
const padSegments = (pad: Segments): PadSegment[] =>
  pad.map(([number, index, units]) => ({ number, index, units }));
const split = (hex: string) => {
  const frame = unhex(hex);
  return { headerBytes: frame.subarray(0, 10), payload: frame.subarray(10) };
};

test('the golden files are what the naive implementation makes', () => {
  assert.deepEqual(golden, JSON.parse(JSON.stringify(goldenVectors())));
});

test('the normative text shows the bytes of the golden files', async () => {
  const text = (await read('../../docs/kx.md')).replace(/\s+/g, '');
  const { hop, 'sync-proof': proof, 'key-relay': relay } = golden;
  const shown = [
    ...golden.header.map((one) => one.hex),
    ...[hop.one_time_key, hop.authenticated, hop.tag, hop.frame],
    ...[proof.block, proof.proposal_authenticated, proof.proposal_tag, proof.proposal_frame],
    ...[proof.answer_authenticated, proof.answer_tag, proof.answer_frame, proof.id_secret],
    ...golden['key-address'].flatMap((one) => [one.secret, one.plain, one.iv, one.mask, one.id]),
    ...relay.keys,
    ...relay.key_ids,
    relay.clear,
    ...relay.hops.flatMap((one) => [one.pad_bytes, one.tag, one.frame]),
  ];
  for (const one of shown) assert.ok(text.includes(one.replace(/\s+/g, '')), one);
});

test('headers are written and read as in the golden file', () => {
  for (const { message_id, command, length, hex } of golden.header) {
    const frame = allocFrame(command, length);
    setMessageId(frame, message_id);
    assert.equal(frame.subarray(0, 10).toString('hex'), hex);
    assert.deepEqual(readHeader(unhex(`ff${hex}`), 1), {
      version: 1,
      messageId: message_id,
      command,
      length,
    });
  }
});

describe('a completion', () => {
  const { hop } = golden;
  test('is sealed to the golden frame', () => {
    const frame = frameWithHop(0x1102, writeCompletion(hop.response, hop.request_id), padSegments(hop.pad))!;
    setMessageId(frame, hop.message_id);
    sealHop(frame, hop.sender, hop.receiver, unhex(hop.one_time_key));
    assert.equal(frame.toString('hex'), hop.frame);
  });

  test('is read and verified from the golden frame', () => {
    const { headerBytes, payload } = split(hop.frame);
    const completion = readCompletion(payload)!;
    assert.equal(completion.response, hop.response);
    assert.equal(completion.requestId, hop.request_id);
    assert.deepEqual(completion.hop?.segments, padSegments(hop.pad));
    const key = unhex(hop.one_time_key);
    assert.equal(verifyHop(headerBytes, payload, completion.hop!, hop.sender, hop.receiver, key), true);
  });
});

describe('synchronisation', () => {
  const proof = golden['sync-proof'];
  const { number } = proof;
  const key = unhex(proof.block);

  test('makes the golden proofs', () => {
    assert.equal(syncProof('proposal', 'A', 'B', number, key).toString('hex'), proof.proposal_tag);
    assert.equal(syncProof('answer', 'B', 'A', number, key).toString('hex'), proof.answer_tag);
  });

  test('writes and reads the golden proposal', () => {
    const proposal = { number, bytes: key.length, epoch: number, tag: unhex(proof.proposal_tag) };
    const frame = writeProposals([proposal], number - 2);
    setMessageId(frame, 2);
    assert.equal(frame.toString('hex'), proof.proposal_frame);
    assert.deepEqual(readProposals(split(proof.proposal_frame).payload), [proposal]);
    assert.equal(readFloor(split(proof.proposal_frame).payload), number - 2);
  });

  test('writes and reads the golden answer', () => {
    const answer = { number, verdict: 'ready', tag: unhex(proof.answer_tag) } as const;
    const frame = writeAnswers([answer]);
    setMessageId(frame, 2);
    assert.equal(frame.toString('hex'), proof.answer_frame);
    assert.deepEqual(readAnswers(split(proof.answer_frame).payload), [answer]);
  });
});

test('KSA-key IDs seal to and open from those of the golden file', () => {
  for (const { secret, master_sae, slave_sae, number, index, bytes, id } of golden['key-address']) {
    const pair = { masterSaeId: master_sae, slaveSaeId: slave_sae };
    assert.equal(sealAddress(unhex(secret), pair, { number, index, bytes }), id);
    assert.deepEqual(openAddress(unhex(secret), pair, id), { number, index, bytes });
  }
});

describe('a key relay', () => {
  const relay = golden['key-relay'];
  const [first, second] = [relay.hops[0]!, relay.hops[1]!];

  test('leaves its source as the golden frame of the first hop', () => {
    const { source, destination, transit, request_id: requestId, block } = relay;
    const whole = { ...block, part: 0, parts: 1 };
    const fields = { source, destination, transit, requestId, block: whole };
    const draft = writeKeyRelay(fields, parseUuid(relay.key_ids[0]!)!, unhex(relay.keys.join('')));
    assert.equal(draft.payload.toString('latin1'), relay.clear);
    coverKeys(draft.payload, draft.keys!, unhex(first.pad_bytes).subarray(32));
    assert.equal(sealed(draft.payload, first).toString('hex'), first.frame);
  });

  test('changes its pad in transit into the golden frame of the second hop', () => {
    const { headerBytes, payload } = split(first.frame);
    const { hop, keys } = readKeyRelay(payload)!;
    const [before, after] = [unhex(first.pad_bytes), unhex(second.pad_bytes)];
    assert.equal(verifyHop(headerBytes, payload, hop!, 'A', 'B', before.subarray(0, 32)), true);
    const prefix = payload.subarray(0, hop!.start);
    coverKeys(prefix, keys, before.subarray(32));
    coverKeys(prefix, keys, after.subarray(32));
    assert.equal(sealed(prefix, second).toString('hex'), second.frame);
  });

  test('arrives with the keys of the golden file', () => {
    const { headerBytes, payload } = split(second.frame);
    const read = readKeyRelay(payload)!;
    const pad = unhex(second.pad_bytes);
    assert.equal(verifyHop(headerBytes, payload, read.hop!, 'B', 'C', pad.subarray(0, 32)), true);
    coverKeys(payload, read.keys, pad.subarray(32));
    const keys = rangesOf(read).map(({ start, end }) =>
      Buffer.from(payload.toString('latin1', start, end), 'base64'),
    );
    assert.deepEqual(
      keys.map((key) => key.toString('hex')),
      relay.keys,
    );
    assert.deepEqual(
      [read.source, read.destination, read.transit, read.requestId, read.block, idsOf(payload, read)],
      ['A', 'C', ['B'], relay.request_id, { ...relay.block, part: 0, parts: 1 }, relay.key_ids],
    );
  });

  function sealed(prefix: Buffer, hop: typeof first): Buffer {
    const frame = frameWithHop(0x1101, prefix, padSegments(hop.pad))!;
    setMessageId(frame, hop.message_id);
    sealHop(frame, hop.sender, hop.receiver, unhex(hop.pad_bytes).subarray(0, 32));
    return frame;
  }
});
