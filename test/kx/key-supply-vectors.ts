import { frame, type Segments, withHop } from './naive.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

const SESSION = '9b2d6a54-7c31-4f0e-8d25-3e1f0a6b4c88';
const KEY_IDS = ['e5958bf0-9f3d-42dd-8595-972e54d4d823', '0954ff35-bd47-4684-b6d6-96c1e59bbda7'];
const CHOSEN = '0d5e4c1a-9b77-4e02-8f3d-aa0000000100';

/** Key supply notifications and responses, by the naive implementation from fixed inputs. */
export function keySupplyVectors() {
  const notice =
    `{"session_ID":"${SESSION}","number_of_keys":2,"size_of_key":256,"extension":[{"keyferry_supply":` +
    `{"source_KMA_ID":"A","destination_KMA_ID":"C","transit_KMA_IDs":["B"],"master_SAE_ID":"app-a",` +
    `"slave_SAE_ID":"app-c","key_IDs":["${KEY_IDS[0]}","${KEY_IDS[1]}"]}},`;
  const answer = `{"session_ID":"${SESSION}","key_ID":["${KEY_IDS[0]}","${KEY_IDS[1]}"],"response":"success","extension":[`;
  return {
    session_id: SESSION,
    source: 'A',
    destination: 'C',
    transit: ['B'],
    master: 'app-a',
    slave: 'app-c',
    key_ids: KEY_IDS,
    size_bits: 256,
    notice: sealed('A', 'B', 9, 0x1103, notice, [[4, 33, 1]], 0x20),
    answer: sealed('C', 'B', 6, 0x1104, answer, [[7, 4, 1]], 0xa0),
    plain: {
      session_id: 'a-to-c',
      key_id: CHOSEN,
      notice: hex(frame(3, 0x1103, '{"session_ID":"a-to-c","number_of_keys":1,"size_of_key":256}')),
      shortest_notice: hex(frame(4, 0x1103, '{"session_ID":"a-to-c"}')),
      answer: hex(frame(3, 0x1104, `{"session_ID":"a-to-c","key_ID":"${CHOSEN}","response":"success"}`)),
      refusal: hex(
        frame(4, 0x1104, '{"session_ID":"a-to-c","key_ID":"","response":"application_not_connected"}'),
      ),
    },
  };
}

export type KeySupplyGolden = ReturnType<typeof keySupplyVectors>;
export type SealedGolden = KeySupplyGolden['notice'];

function sealed(
  sender: string,
  receiver: string,
  messageId: number,
  command: number,
  prefix: string,
  pad: Segments,
  first: number,
) {
  const oneTimeKey = Buffer.from(Array.from({ length: 32 }, (_, i) => first + i));
  const made = withHop({ sender, receiver, segments: pad, oneTimeKey }, messageId, command, prefix);
  return {
    sender,
    receiver,
    message_id: messageId,
    pad,
    one_time_key: hex(oneTimeKey),
    tag: hex(made.tag),
    frame: hex(made.frame),
  };
}
