import {
  frame,
  header,
  poly1305,
  type Sealed,
  type Segments,
  sealedId,
  syncInput,
  withHop,
  xor,
} from './naive.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** Bytes that look like nothing in particular but are easy to write down. */
function bytes(length: number, first: number, step: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => (first + step * i) & 255));
}

/** Every golden file of the Kx wire, by name, made by the naive implementation from fixed inputs. */
export function goldenVectors() {
  return {
    header: headers(),
    hop: completion(),
    'sync-proof': syncProof(),
    'key-address': addresses(),
    'key-relay': keyRelay(),
  };
}

export type Golden = ReturnType<typeof goldenVectors>;

function headers() {
  return [
    { name: 'a ping', message_id: 7, command: 0x11fe, length: 2 },
    {
      name: 'the longest key relay, the last message',
      message_id: 0xffff_ffff,
      command: 0x1101,
      length: 0xffff,
    },
  ].map((one) => ({ ...one, hex: hex(header(one.message_id, one.command, one.length)) }));
}

function completion() {
  const response = 'success';
  const request_id = '6f1c3c2e-52a4-4d0b-9a5e-0f6f1b0c7d21';
  const prefix = `{"response":"${response}","key_relay_request_ID":"${request_id}","extension":[`;
  const pad: Segments = [[7, 3, 1]];
  const oneTimeKey = bytes(32, 0x80, 1);
  const hop = { sender: 'C', receiver: 'B', segments: pad, oneTimeKey };
  const made = withHop(hop, 5, 0x1102, prefix);
  return {
    sender: 'C',
    receiver: 'B',
    message_id: 5,
    response,
    request_id,
    pad,
    one_time_key: hex(oneTimeKey),
    authenticated: hex(made.input),
    tag: hex(made.tag),
    frame: hex(made.frame),
  };
}

function syncProof() {
  const block = bytes(128, 0x21, 5);
  const number = 12;
  const proposalInput = syncInput('proposal', 'A', 'B', number, block);
  const answerInput = syncInput('answer', 'B', 'A', number, block);
  const proposalTag = poly1305(block.subarray(0, 32), proposalInput);
  const answerTag = poly1305(block.subarray(32, 64), answerInput);
  const proposal = `{"floor":${number - 2},"blocks":[[${number},${block.length},${number},"${proposalTag.toString('base64')}"]]}`;
  const answer = `{"blocks":[[${number},"ready","${answerTag.toString('base64')}"]]}`;
  return {
    owner: 'A',
    other: 'B',
    number,
    block: hex(block),
    proposal_authenticated: hex(proposalInput),
    proposal_tag: hex(proposalTag),
    proposal_frame: hex(frame(2, 0x11f1, proposal)),
    answer_authenticated: hex(answerInput),
    answer_tag: hex(answerTag),
    answer_frame: hex(frame(2, 0x11f2, answer)),
    id_secret: hex(block.subarray(64, 96)),
  };
}

function addresses() {
  const secret = bytes(32, 0x40, 3);
  const cases = [
    { master_sae: 'app-a', slave_sae: 'app-c', number: 12, index: 3, bytes: 32 },
    { master_sae: 'app-a', slave_sae: 'app-c', number: 0, index: 0, bytes: 1 },
    { master_sae: 'x', slave_sae: 'y', number: 2 ** 38 - 1, index: 2 ** 15 - 1, bytes: 1024 },
  ];
  return cases.map((one) => {
    const sealed: Sealed = sealedId(secret, one.master_sae, one.slave_sae, one);
    return { secret: hex(secret), ...one, ...sealed };
  });
}

// Two KMA-keys from A over B to C, the first of them the ID secret of a new epoch.
function keyRelay() {
  const keys = [bytes(32, 0x00, 1), bytes(32, 0xff, -1)];
  const ids = ['0d5e4c1a-9b77-4e02-8f3d-aa00000000ff', '0d5e4c1a-9b77-4e02-8f3d-aa0000000100'];
  const request_id = '6f1c3c2e-52a4-4d0b-9a5e-0f6f1b0c7d21';
  const number = 1_000_000_007;
  const prefix = (shown: readonly Buffer[]) =>
    `{"source_KMA_ID":"A","destination_KMA_ID":"C","transit_KMA_IDs":["B"],"keys":[${ids
      .map((id, i) => `{"key_ID":"${id}","key":"${shown[i]!.toString('base64')}"}`)
      .join(',')}],"key_relay_request_ID":"${request_id}",` +
    `"extension":[{"keyferry_block":{"number":${number},"epoch":${number},"floor":${number - 7}}},`;
  const hop = (sender: string, receiver: string, messageId: number, segments: Segments, pad: Buffer) => {
    const covered = keys.map((key, i) => xor(key, pad.subarray(32 + 32 * i, 64 + 32 * i)));
    const oneTimeKey = pad.subarray(0, 32);
    const made = withHop({ sender, receiver, segments, oneTimeKey }, messageId, 0x1101, prefix(covered));
    return {
      sender,
      receiver,
      message_id: messageId,
      pad: segments,
      pad_bytes: hex(pad),
      tag: hex(made.tag),
      frame: hex(made.frame),
    };
  };
  const padAB: Segments = [
    [4, 30, 2],
    [6, 2, 1],
  ];
  return {
    source: 'A',
    destination: 'C',
    transit: ['B'],
    request_id,
    block: { number, epoch: number, floor: number - 7 },
    key_ids: ids,
    keys: keys.map(hex),
    clear: prefix(keys),
    hops: [
      hop('A', 'B', 2, padAB, bytes(96, 0x11, 7)),
      hop('B', 'C', 57, [[8, 100, 3]], bytes(96, 0xc3, 11)),
    ],
  };
}
