import { frame } from './naive.ts';

export const KEY = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';
export const relay = (change: object = {}) => ({
  source_KMA_ID: 'A',
  destination_KMA_ID: 'C',
  keys: [{ key_ID: 'k-1', key: KEY }],
  ...change,
});
export const message = (id: number, code: number, payload: unknown) =>
  frame(id, code, Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)));

const TAG = 'F2yspU3HcsMjFdVHDx/AuA==';

/** Streams of one fault each, and what is said of it. */
export const oneFault: readonly (readonly [name: string, stream: Buffer, fault: string])[] = [
  ['an unknown command', message(1, 0x1105, {}), '6 no such command code (Q.4163 App. I, Table I.1)'],
  [
    'a mandatory member missing',
    message(1, 0x1101, relay({ source_KMA_ID: undefined })),
    '10 source_KMA_ID is missing, and mandatory (Q.4163 §8.1, Table 1)',
  ],
  [
    'a key entry without ID',
    message(1, 0x1101, relay({ keys: [{ key: KEY }] })),
    '64 keys[0].key_ID is missing, and mandatory (Q.4163 §8.1, Table 1)',
  ],
  [
    'a response that is a number',
    message(1, 0x1102, { response: 1 }),
    '22 response is a JSON number, not string (Q.4163 §8.2, Table 2)',
  ],
  [
    'a session missing',
    message(1, 0x1103, { number_of_keys: 1 }),
    '10 session_ID is missing, and mandatory (Q.4163 §8.3, Table 3)',
  ],
  [
    'a key ID missing',
    message(1, 0x1104, { session_ID: 's', response: 'success' }),
    '10 key_ID is missing, and mandatory (Q.4163 §8.4, Table 4)',
  ],
  [
    'a member twice',
    message(1, 0x1102, '{"response":"a","response":"b"}'),
    '36 an object has the same member name twice (Q.4163 App. I; RFC 8259)',
  ],
  ['an array', message(1, 0x1102, '[]'), '10 the payload is no JSON object (Q.4163 App. I; RFC 8259)'],
  [
    'no UTF-8',
    frame(1, 0x1102, Buffer.from([0x7b, 0xff, 0x7d])),
    '11 the payload is not UTF-8 (Q.4163 App. I; RFC 8259)',
  ],
  [
    'key that is not base64',
    message(1, 0x1101, relay({ keys: [{ key_ID: 'k', key: '***' }] })),
    '64 keyferry takes this key relay for malformed: keys[0] is empty, too long, out of range or of another form (Q.4163 §8.1, Table 1)',
  ],
  [
    'an empty name',
    message(1, 0x1101, relay({ source_KMA_ID: '' })),
    '28 keyferry takes this key relay for malformed: source_KMA_ID is empty, too long, out of range or of another form (Q.4163 §8.1, Table 1)',
  ],
  [
    'a number with a fraction',
    message(1, 0x1103, { session_ID: 's', number_of_keys: 1.5 }),
    '45 keyferry takes this key supply notification for malformed: number_of_keys is empty, too long, out of range or of another form (Q.4163 §8.3, Table 3)',
  ],
  [
    'a row of five',
    message(1, 0x11f1, {
      blocks: [
        [2, 64, 2, TAG],
        [4, 64, 2, TAG, 0],
      ],
    }),
    '57 keyferry takes this synchronisation: proposals for malformed: blocks[1] is empty, too long, out of range or of another form (docs/kx.md, Proposal)',
  ],
  [
    'too many rows',
    message(1, 0x11f2, { blocks: Array.from({ length: 257 }, () => [2, 'differs', '']) }),
    '20 keyferry takes this synchronisation: answers for malformed: blocks is too long with 257 elements (docs/kx.md, Answer)',
  ],
  [
    'a range from above to below',
    message(1, 0x11f3, {
      used: [],
      gone: [
        [1, 5],
        [5, 1],
      ],
      marks: [],
    }),
    '35 keyferry takes this holdings for malformed: gone[1] is empty, too long, out of range or of another form (docs/kx.md, Holdings)',
  ],
  [
    'a hop entry that is not last',
    message(1, 0x1102, {
      response: 'success',
      extension: [{ keyferry_hop: { pad: [[1, 2, 1]], tag: 'A' } }, {}],
    }),
    '45 keyferry_hop is malformed, or not the last thing in the payload (docs/kx.md, The entry keyferry_hop)',
  ],
  [
    'a message ID again',
    Buffer.concat([message(7, 0x11fe, {}), message(7, 0x11fe, {})]),
    '14 this message ID came before: it is to be unique (Q.4163 App. I, Figure I.1)',
  ],
  [
    'a cut header',
    Buffer.from('000100', 'hex'),
    '0 the stream ends after 3 of the 10 bytes of a header (Q.4163 App. I, Figure I.1)',
  ],
  [
    'a cut payload',
    message(1, 0x11fe, {}).subarray(0, 11),
    '0 the stream ends after 1 of 2 bytes of payload (Q.4163 App. I, Figure I.1)',
  ],
];
