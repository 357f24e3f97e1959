import {
  COMPLETION,
  completion,
  type Expected,
  type Members,
  relay,
  type Vector,
  vector,
} from './message.ts';
import { hopEntry, type Sealing, sealed } from './setting.ts';

const HOP = '9; kx.md, The entry keyferry_hop';
const TAG = '9; kx.md, Tag';
const entry = hopEntry(0).keyferry_hop;
const NO_TAG = entry.tag as string;

/** A completion whose hop entry has `changes`. */
const withEntry = (changes: Members): Members =>
  completion({ extension: [{ keyferry_hop: { ...entry, ...changes } }] });
const text = JSON.stringify(completion());
const end = JSON.stringify([hopEntry(0)]).slice(1, -1);

type Row = readonly [name: string, expect: Expected, payload: Members | string];

const rows = (pad: unknown): Members => withEntry({ pad });

const places: Row[] = [
  ['no entry', 'not_authentic', completion({ extension: [{}] })],
  ['a good entry behind an unknown one', 'accepted', completion({ extension: [{ vendor: 1 }, hopEntry(0)] })],
  ['another entry behind it', 'not_authentic', completion({ extension: [hopEntry(0), { vendor: 1 }] })],
  ['another member behind the extension', 'not_authentic', { ...completion(), vendor: 1 }],
  ['white space behind the entry', 'not_authentic', text.replace(/\]\}$/, ' ]}')],
  ['white space behind the extension', 'not_authentic', text.replace(/\]\}$/, '] }')],
  ['white space behind the payload', 'not_authentic', `${text}\n`],
  ['white space within the entry', 'accepted', text.replace(end, JSON.stringify(hopEntry(0), null, 1))],
  ['white space before the entry', 'accepted', text.replace(end, ` \n${end}`)],
  [
    'the tag before the pad',
    'accepted',
    completion({ extension: [{ keyferry_hop: { tag: NO_TAG, pad: entry.pad } }] }),
  ],
  [
    'another member in the entry, before',
    'not_authentic',
    completion({ extension: [{ x: 1, ...hopEntry(0) }] }),
  ],
  [
    'another member in the entry, behind',
    'not_authentic',
    completion({ extension: [{ ...hopEntry(0), x: 1 }] }),
  ],
  ["the entry's names spelt otherwise", 'accepted', text.replace('keyferry_hop', 'KEYFERRY HOP')],
  ['the entry within an array', 'not_authentic', completion({ extension: [[hopEntry(0)]] })],
  [
    'an entry that is an array',
    'not_authentic',
    completion({ extension: [{ keyferry_hop: [entry.pad, NO_TAG] }] }),
  ],
  ['the entry at the top', 'not_authentic', { ...completion({ extension: undefined }), ...hopEntry(0) }],
];

const pads: Row[] = [
  ['no pad', 'not_authentic', rows(undefined)],
  ['pad: null', 'not_authentic', rows(null)],
  ['pad: a number', 'not_authentic', rows(4)],
  ['pad: an object', 'not_authentic', rows({})],
  ['pad: no rows', 'not_authentic', rows([])],
  ['pad: a row of two numbers', 'not_authentic', rows([[4, 30]])],
  ['pad: a row of four numbers', 'not_authentic', rows([[4, 30, 1, 0]])],
  ['pad: a row that is an object', 'not_authentic', rows([{ number: 4, index: 30, units: 1 }])],
  ['pad: a number in quotes', 'not_authentic', rows([['4', 30, 1]])],
  ['pad: a fraction', 'not_authentic', rows([[4, 30.5, 1]])],
  ['pad: a negative number', 'not_authentic', rows([[-4, 30, 1]])],
  ['pad: whole numbers in other forms', 'accepted', text.replace('[[4,30,1]]', '[[4.0,3e1,1E0]]')],
  ['pad: a block number that is too great', 'not_authentic', rows([[2 ** 38, 30, 1]])],
  ['pad: a block number beyond a double', 'not_authentic', text.replace('[[4,', '[[1e400,')],
  ['pad: an index that is too great', 'not_authentic', rows([[4, 32_768, 1]])],
  ['pad: a row of no units', 'not_authentic', rows([[4, 30, 0]])],
  [
    'pad: a row of no units beside a good one',
    'not_authentic',
    rows([
      [4, 31, 0],
      [4, 30, 1],
    ]),
  ],
  ['pad: too many units in a row', 'not_authentic', rows([[4, 30, 32_769]])],
  ['pad: one unit more than the message asks for', 'not_authentic', rows([[4, 30, 2]])],
  ['pad: a block that nobody has', 'not_authentic', rows([[6, 30, 1]])],
  ['pad: a block of the receiver', 'not_authentic', rows([[5, 30, 1]])],
  ['pad: a unit of a proof', 'not_authentic', rows([[4, 1, 1]])],
  ['pad: units behind the end of the block', 'not_authentic', rows([[4, 560, 1]])],
  ['pad: another unit than the one that made the tag', 'not_authentic', rows([[4, 31, 1]])],
];

const relays: Row[] = [
  [
    'two rows',
    'accepted',
    hopped([
      [4, 30, 1],
      [4, 31, 2],
    ]),
  ],
  [
    'a row for each unit',
    'accepted',
    hopped([
      [4, 30, 1],
      [4, 31, 1],
      [4, 32, 1],
    ]),
  ],
  ['one unit fewer than the keys ask for', 'not_authentic', hopped([[4, 30, 2]])],
  ['one unit more than the keys ask for', 'not_authentic', hopped([[4, 30, 4]])],
  [
    'a unit twice',
    'not_authentic',
    hopped([
      [4, 30, 2],
      [4, 31, 1],
    ]),
  ],
];

function hopped(pad: number[][]): Members {
  const extension = [{ keyferry_hop: { pad, tag: NO_TAG } }];
  return relay({ extension });
}

/** Thirty-two rows, the most that may be, and one more. */
function manyRows(count: number): Members {
  const pad = Array.from({ length: count }, (_, i) => [4, 30 + i, 1]);
  const keys = [{ key_ID: 'k', key: Buffer.alloc((count - 1) * 32).toString('base64') }];
  return relay({ keys, extension: [{ keyferry_hop: { pad, tag: NO_TAG } }] });
}

const tags: Row[] = [
  ['no tag', 'not_authentic', withEntry({ tag: undefined })],
  ['tag: null', 'not_authentic', withEntry({ tag: null })],
  ['tag: a number', 'not_authentic', withEntry({ tag: 1 })],
  ['tag: empty', 'not_authentic', withEntry({ tag: '' })],
  ['tag: 15 bytes', 'not_authentic', withEntry({ tag: Buffer.alloc(15, 1).toString('base64') })],
  ['tag: 17 bytes', 'not_authentic', withEntry({ tag: Buffer.alloc(17, 1).toString('base64') })],
  ['tag: the letters of the URL alphabet', 'not_authentic', withEntry({ tag: `${'-'.repeat(22)}==` })],
  ['tag: bits that no byte uses', 'not_authentic', withEntry({ tag: `${'A'.repeat(21)}B==` })],
];

/** The good completion with a part of its tag changed. */
function tampered(name: string, change: (tag: Buffer) => void): Vector {
  const frame = sealed(text, COMPLETION);
  const at = frame.length - 29;
  const tag = Buffer.from(frame.toString('latin1', at, at + 24), 'base64');
  change(tag);
  frame.write(tag.toString('base64'), at, 'latin1');
  return { name, clause: TAG, bytes: frame.toString('hex'), expect: 'not_authentic' };
}

function after(name: string, change: (frame: Buffer) => void): Vector {
  const frame = sealed(text, COMPLETION);
  change(frame);
  return { name, clause: TAG, bytes: frame.toString('hex'), expect: 'not_authentic' };
}

function escapedTag(): Vector {
  const frame = sealed(text, COMPLETION);
  const at = frame.length - 29;
  const letter = `\\u${frame[at]!.toString(16).padStart(4, '0')}`;
  const payload = Buffer.concat([frame.subarray(10, at), Buffer.from(letter), frame.subarray(at + 1)]);
  return vector('tag: a letter by its number', TAG, 'not_authentic', payload, COMPLETION);
}

const sealings: [name: string, expect: Expected, sealing: Sealing][] = [
  ['the good completion', 'accepted', {}],
  ['a tag for another sender', 'not_authentic', { sender: 'C' }],
  ['a tag for another receiver', 'not_authentic', { receiver: 'C' }],
  ['a tag for the way back', 'not_authentic', { sender: 'B', receiver: 'A' }],
];

/** Faults of the hop entry and of its tag. */
export const hopFaults = (): Vector[] => [
  ...[...places, ...pads, ...tags].map(([name, expect, payload]) =>
    vector(name, HOP, expect, payload, COMPLETION),
  ),
  ...relays.map(([name, expect, payload]) => vector(`pad of a key relay: ${name}`, HOP, expect, payload)),
  vector('pad of a key relay: 32 rows', HOP, 'accepted', manyRows(32)),
  vector('pad of a key relay: 33 rows', HOP, 'not_authentic', manyRows(33)),
  ...sealings.map(([name, expect, sealing]) =>
    vector(name, TAG, expect, text, { ...COMPLETION, ...sealing }),
  ),
  tampered('a tag with its first bit changed', (tag) => tag.writeUInt8(tag[0]! ^ 0x80, 0)),
  tampered('a tag with its last bit changed', (tag) => tag.writeUInt8(tag[15]! ^ 1, 15)),
  tampered('a tag of zeros', (tag) => tag.fill(0)),
  escapedTag(),
  after('a message with its ID changed after sealing', (frame) => frame.writeUInt32BE(3, 2)),
  after('a message with a letter changed after sealing', (frame) =>
    frame.write('S', frame.indexOf('success')),
  ),
];
