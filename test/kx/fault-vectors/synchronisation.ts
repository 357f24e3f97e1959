import { frame } from '../naive.ts';
import type { Expected, Vector } from './message.ts';

const TAG = Buffer.alloc(16, 7).toString('base64');
const row = [2, 64, 2, TAG];
const NUMBER = 2 ** 38 - 1;

type Row = readonly [name: string, expect: Expected, payload: object];

const blocks = (...rows: unknown[]) => ({ blocks: rows });
const many = (count: number, one: unknown) => blocks(...Array.from({ length: count }, () => one));

const proposals: Row[] = [
  ['a proposal', 'accepted', { floor: 2, ...blocks(row) }],
  ['no floor', 'accepted', blocks(row)],
  ['a floor that is none', 'accepted', { floor: 'x', ...blocks(row) }],
  ['no rows', 'accepted', blocks()],
  ['256 rows', 'accepted', many(256, row)],
  ['the greatest numbers', 'accepted', blocks([NUMBER, 1 << 20, NUMBER, TAG])],
  ['an unknown member', 'accepted', { x: [1], ...blocks(row) }],
  ['257 rows', 'malformed', many(257, row)],
  ['no blocks', 'malformed', { floor: 2 }],
  ['blocks: null', 'malformed', { blocks: null }],
  ['a row that is an object', 'malformed', blocks({ number: 2 })],
  ['a row of three', 'malformed', blocks(row.slice(0, 3))],
  ['a row of five', 'malformed', blocks([...row, 0])],
  ['a number that is too great', 'malformed', blocks([NUMBER + 1, 64, 2, TAG])],
  ['a number in quotes', 'malformed', blocks(['2', 64, 2, TAG])],
  ['no bytes', 'malformed', blocks([2, 0, 2, TAG])],
  ['more bytes than a block has', 'malformed', blocks([2, (1 << 20) + 1, 2, TAG])],
  ['a fraction', 'malformed', blocks([2, 64.5, 2, TAG])],
  ['a tag of 15 bytes', 'malformed', blocks([2, 64, 2, Buffer.alloc(15).toString('base64')])],
  ['an empty tag', 'malformed', blocks([2, 64, 2, ''])],
  ['a bad row behind a good one', 'malformed', blocks(row, [4])],
];

const answers: Row[] = [
  ['an answer', 'accepted', blocks([3, 'ready', TAG], [5, 'differs', ''], [7, 'unknown_epoch', ''])],
  ['no rows', 'accepted', blocks()],
  ['256 rows', 'accepted', many(256, [3, 'differs', ''])],
  ['a tag that says nothing', 'accepted', blocks([3, 'differs', TAG])],
  ['257 rows', 'malformed', many(257, [3, 'differs', ''])],
  ['ready without a tag', 'malformed', blocks([3, 'ready', ''])],
  ['another word', 'malformed', blocks([3, 'Ready', TAG])],
  ['a row of two', 'malformed', blocks([3, 'differs'])],
  ['a row of four', 'malformed', blocks([3, 'differs', '', 0])],
  ['no blocks', 'malformed', {}],
];

const holdings: Row[] = [
  ['holdings', 'accepted', { used: [[5, 9]], gone: [[11, 11]], marks: [[13, 300]] }],
  ['nothing', 'accepted', { used: [], gone: [], marks: [] }],
  ['700 rows', 'accepted', { used: [], gone: Array.from({ length: 700 }, () => [5, 5]), marks: [] }],
  ['701 rows', 'malformed', { used: [], gone: Array.from({ length: 701 }, () => [5, 5]), marks: [] }],
  ['no marks', 'malformed', { used: [], gone: [] }],
  ['used: null', 'malformed', { used: null, gone: [], marks: [] }],
  ['a range from above to below', 'malformed', { used: [], gone: [[5, 3]], marks: [] }],
  ['a range of three', 'malformed', { used: [[5, 9, 1]], gone: [], marks: [] }],
  ['a negative mark', 'malformed', { used: [], gone: [], marks: [[5, -1]] }],
  ['a mark behind the longest block', 'malformed', { used: [], gone: [], marks: [[5, 32_769]] }],
];

const vectors = (rows: readonly Row[], command: number, clause: string): Vector[] =>
  rows.map(([name, expect, payload]) => ({
    name,
    clause,
    bytes: frame(2, command, JSON.stringify(payload)).toString('hex'),
    expect,
  }));

/** Faults of the messages between keyferry peers about their blocks, which have no hop entry. */
export const synchronisationFaults = (): Vector[] => [
  ...vectors(proposals, 0x11f1, 'kx.md, Proposal'),
  ...vectors(answers, 0x11f2, 'kx.md, Answer'),
  ...vectors(holdings, 0x11f3, 'kx.md, Holdings'),
];
