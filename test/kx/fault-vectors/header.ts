import { frame, header } from '../naive.ts';
import { COMPLETION, completion, type Expected, relay, type Vector } from './message.ts';
import { GREETING, sealed } from './setting.ts';
import { ANSWER, answer, NOTICE, notice } from './supply.ts';

const good = sealed(JSON.stringify(relay()));

/** The good message, two bytes of its header replaced. */
function patched(at: number, hex: string): Buffer {
  const bytes = Buffer.from(good);
  bytes.write(hex, at, 'hex');
  return bytes;
}

const length = (bytes: number) => patched(8, bytes.toString(16).padStart(4, '0'));
const said = good.length - 10;
const payload = JSON.stringify(relay());

type Row = readonly [name: string, clause: string, expect: Expected, bytes: Buffer];

const VERSION = 'Appendix I, Version';
const COMMAND = 'Appendix I, Table I.1';
const LENGTH = 'Appendix I, Length';
const ID = 'Appendix I, MessageID; kx.md, Frame';

const rows: Row[] = [
  ['a good message', 'Appendix I, Figure I.1', 'accepted', good],
  ['version 0', VERSION, 'closed', patched(0, '0000')],
  ['version 2', VERSION, 'closed', patched(0, '0002')],
  ['version 0x0100: the bytes of 1 swapped', VERSION, 'closed', patched(0, '0100')],
  ['version 0x0101: right in its second byte only', VERSION, 'closed', patched(0, '0101')],
  ['version 0x8001', VERSION, 'closed', patched(0, '8001')],
  ['a bad version, and no payload yet', VERSION, 'closed', patched(0, '0002').subarray(0, 10)],
  ['command 0', COMMAND, 'closed', patched(6, '0000')],
  ['command 0x1100', COMMAND, 'closed', patched(6, '1100')],
  ['command 0x1105', COMMAND, 'closed', patched(6, '1105')],
  ['command 0x0111: the bytes swapped', COMMAND, 'closed', patched(6, '0111')],
  ['command 0x1201: another pair of ends', COMMAND, 'closed', patched(6, '1201')],
  ['command 0x0001: right in its second byte only', COMMAND, 'closed', patched(6, '0001')],
  ['command 0x11f4: a private code that nobody has', COMMAND, 'closed', patched(6, '11f4')],
  ['command 0xffff', COMMAND, 'closed', patched(6, 'ffff')],
  ['a bad command, and no payload yet', COMMAND, 'closed', header(2, 0x1105, 0xffff)],
  ['half a header', LENGTH, 'waiting', good.subarray(0, 5)],
  ['a header without its last byte', LENGTH, 'waiting', good.subarray(0, 9)],
  ['a header alone', LENGTH, 'waiting', good.subarray(0, 10)],
  ['a payload without its last byte', LENGTH, 'waiting', good.subarray(0, -1)],
  ['a length of one more than there is', LENGTH, 'waiting', length(said + 1)],
  ['the greatest length, and less there', LENGTH, 'waiting', length(0xffff)],
  ['a length of one less than there is', LENGTH, 'malformed', length(said - 1)],
  ['a length that counts the header too, filled up', LENGTH, 'malformed', withHeaderCounted()],
  ['a length of 0', LENGTH, 'malformed', header(2, 0x1101, 0)],
  ['message ID 0', ID, 'closed', sealed(payload, { messageId: 0 })],
  ['the message ID of the greeting again', ID, 'closed', sealed(payload, { messageId: 1 })],
  ['the greatest message ID', ID, 'accepted', sealed(payload, { messageId: 0xffff_ffff })],
  ['version 1', VERSION, 'accepted', patched(0, '0001')],
  ['command 0x1101', COMMAND, 'accepted', patched(6, '1101')],
  ['command 0x1102', COMMAND, 'accepted', sealed(JSON.stringify(completion()), COMPLETION)],
  ['command 0x1103', COMMAND, 'accepted', sealed(JSON.stringify(notice()), NOTICE)],
  ['command 0x1104', COMMAND, 'accepted', sealed(JSON.stringify(answer()), ANSWER)],
  ['a length of as much as there is', LENGTH, 'accepted', length(said)],
  [
    'a length of as much as there is, and a ping',
    LENGTH,
    'accepted',
    Buffer.concat([good, frame(3, 0x11fe, '{}')]),
  ],
];

function withHeaderCounted(): Buffer {
  return Buffer.concat([length(said + 10), Buffer.alloc(10)]);
}

const GREET = 'Appendix I, mutual authentication; kx.md, Greeting';
const hello = (members: object) => frame(1, 0x11f0, JSON.stringify(members));
const GOOD = { kma_ID: 'A', unit_bits: 256, store_ID: 's' };

const firsts: Row[] = [
  ['the good greeting', GREET, 'accepted', GREETING],
  ['a key relay before the greeting', GREET, 'closed', sealed(payload, { messageId: 1 })],
  [
    'a completion before the greeting',
    GREET,
    'closed',
    sealed(JSON.stringify(completion()), { messageId: 1, command: 0x1102 }),
  ],
  ['a ping before the greeting', GREET, 'closed', frame(1, 0x11fe, '{}')],
  ['a greeting as another KMA', GREET, 'closed', hello({ ...GOOD, kma_ID: 'C' })],
  ['a greeting in another case of letters', GREET, 'closed', hello({ ...GOOD, kma_ID: 'a' })],
  ['a greeting with another size of units', GREET, 'closed', hello({ ...GOOD, unit_bits: 128 })],
  ['a greeting without a KMA ID', GREET, 'closed', hello({ unit_bits: 256, store_ID: 's' })],
  ['a greeting without a size of units', GREET, 'closed', hello({ kma_ID: 'A', store_ID: 's' })],
  ['a greeting without a store ID', GREET, 'closed', hello({ kma_ID: 'A', unit_bits: 256 })],
  ['a greeting with a size in quotes', GREET, 'closed', hello({ ...GOOD, unit_bits: '256' })],
  ['a greeting that is no JSON', GREET, 'closed', frame(1, 0x11f0, '{')],
  ['a second greeting', GREET, 'closed', Buffer.concat([GREETING, frame(2, 0x11f0, JSON.stringify(GOOD))])],
];

const toVector = ([name, clause, expect, bytes]: Row): Vector => ({
  name,
  clause,
  bytes: bytes.toString('hex'),
  expect,
});

/** Faults of the header, and of the greeting, which are those of a connection. */
export const headerFaults = (): Vector[] => [
  ...rows.map(toVector),
  ...firsts.map((row) => ({ ...toVector(row), first: true as const })),
];
