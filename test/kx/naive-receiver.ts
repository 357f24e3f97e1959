import { poly1305, texts, xor } from './naive.ts';
import { base64In, member, naiveJson, optional, textIn, type Value, wholeIn } from './naive-json.ts';
import { readNotice, readSupplyAnswer } from './naive-supply.ts';

/**
 * What a receiver makes of a message, by docs/kx.md alone; nothing of ours is imported. The real codec is held against it.
 * `seen` has the values of an accepted message: whatever one of the two readers sees, the other has to see.
 */
export type Verdict =
  | { readonly outcome: 'malformed' | 'not_authentic' | 'passed_over' }
  | { readonly outcome: 'accepted'; readonly seen: unknown };

export type Units = (rows: readonly (readonly number[])[]) => Buffer | undefined;
export type Ends = { readonly sender: string; readonly receiver: string; readonly units: Units };

const BLOCK_MAX = 2 ** 38 - 1;
const NO_TAG = 'A'.repeat(22).concat('==');
const MALFORMED = { outcome: 'malformed' } as const;

/** @param frame header and payload */
export function naiveVerdict(command: number, frame: Buffer, ends: Ends): Verdict {
  const read = READERS.get(command);
  if (read === undefined) return { outcome: 'passed_over' };
  const message = naiveJson(frame.subarray(10));
  const made = message && read(message);
  if (made === undefined) return MALFORMED;
  if (made.keys === undefined) return { outcome: 'accepted', seen: made.seen };
  const pad = padOf(frame, message!, made.keys, ends);
  if (pad === undefined) return { outcome: 'not_authentic' };
  const keys = uncovered(made.keys, pad);
  return { outcome: 'accepted', seen: { ...made.seen, keys } };
}

type Read = { readonly seen: Record<string, unknown>; readonly keys?: readonly Buffer[] };

const READERS = new Map<number, (message: Value) => Read | undefined>([
  [0x1101, readRelay],
  [0x1102, readCompletion],
  [0x1103, readNotice],
  [0x1104, readSupplyAnswer],
  [0x11f1, readProposal],
  [0x11f2, readAnswer],
  [0x11f3, readHoldings],
]);

function readRelay(message: Value): Read | undefined {
  const source = textIn(member(message, 'source_KMA_ID'));
  const destination = textIn(member(message, 'destination_KMA_ID'));
  const files = member(message, 'keys')?.elements ?? [];
  const ids = files.map((file) => textIn(member(file, 'key_ID')));
  const keys = files.map((file) => base64In(member(file, 'key')));
  const list = optional(message, 'transit_KMA_IDs');
  const transit = list?.value === '' ? [] : (list?.elements ?? (list && [list]))?.map((one) => textIn(one));
  const request = optional(message, 'key_relay_request_ID');
  const bad =
    source === undefined ||
    destination === undefined ||
    files.length < 1 ||
    files.length > 400 ||
    ids.includes(undefined) ||
    !keys.every((key) => key !== undefined && key.length >= 1 && key.length <= 16_384) ||
    (list !== undefined && (transit === undefined || transit.length > 16 || transit.includes(undefined))) ||
    (request !== undefined && textIn(request) === undefined);
  if (bad) return undefined;
  const seen = { source, destination, transit, ids, request: textIn(request), block: blockOf(message) };
  return { seen, keys: keys as Buffer[] };
}

function blockOf(message: Value): unknown {
  for (const entry of member(message, 'extension')?.elements ?? []) {
    const block = member(entry, 'keyferry_block');
    const number = wholeIn(member(block, 'number'), BLOCK_MAX);
    const epoch = wholeIn(member(block, 'epoch'), BLOCK_MAX);
    const floor = wholeIn(member(block, 'floor'), BLOCK_MAX) ?? 0;
    if (number !== undefined && epoch !== undefined) return { number, epoch, floor };
  }
  return undefined;
}

function readCompletion(message: Value): Read | undefined {
  const response = textIn(member(message, 'response'), 1024);
  const request = optional(message, 'key_relay_request_ID');
  if (response === undefined || (request !== undefined && textIn(request) === undefined)) return undefined;
  return { seen: { response, request: textIn(request) }, keys: [] };
}

function rowsOf(message: Value): readonly (readonly Value[])[] | undefined {
  const rows = member(message, 'blocks')?.elements;
  if (rows === undefined || rows.length > 256) return undefined;
  return rows.map((row) => row.elements ?? []);
}

function tagIn(value: Value | undefined): string | undefined {
  const tag = value?.escaped === true ? undefined : base64In(value);
  return tag?.length === 16 ? tag.toString('hex') : undefined;
}

function readProposal(message: Value): Read | undefined {
  const rows = rowsOf(message)?.map((row) => [
    wholeIn(row[0], BLOCK_MAX),
    wholeIn(row[1], 1 << 20) || undefined,
    wholeIn(row[2], BLOCK_MAX),
    row.length === 4 ? tagIn(row[3]) : undefined,
  ]);
  return rows?.flat().includes(undefined) === false ? { seen: { rows } } : undefined;
}

function readAnswer(message: Value): Read | undefined {
  const rows = rowsOf(message)?.map((row) => {
    const verdict = row[1]?.value;
    const ready = verdict === 'ready' ? tagIn(row[2]) : 'none';
    const known = verdict === 'ready' || verdict === 'differs' || verdict === 'unknown_epoch';
    return [wholeIn(row[0], BLOCK_MAX), known ? verdict : undefined, row.length === 3 ? ready : undefined];
  });
  return rows?.flat().includes(undefined) === false ? { seen: { rows } } : undefined;
}

function readHoldings(message: Value): Read | undefined {
  const lists = [
    ['used', BLOCK_MAX],
    ['gone', BLOCK_MAX],
    ['marks', 32_768],
  ] as const;
  const seen: Record<string, unknown> = {};
  for (const [name, max] of lists) {
    const elements = member(message, name)?.elements;
    if (elements === undefined || elements.length > 700) return undefined;
    const pairs = elements.map(({ elements: pair }) =>
      pair?.length === 2 ? [wholeIn(pair[0], BLOCK_MAX), wholeIn(pair[1], max)] : [undefined],
    );
    if (pairs.flat().includes(undefined)) return undefined;
    if (name !== 'marks' && pairs.some(([from, to]) => from! > to!)) return undefined;
    seen[name] = pairs;
  }
  return { seen };
}

/** The pad on the keys of an authentic message. */
function padOf(frame: Buffer, message: Value, keys: readonly Buffer[], ends: Ends): Buffer | undefined {
  const entry = member(message, 'extension')?.elements?.at(-1);
  const hop = member(entry, 'keyferry_hop');
  const tag = member(hop, 'tag');
  const said = tag?.escaped === false ? base64In(tag) : undefined;
  if (entry?.members?.length !== 1) return undefined;
  if (entry.end + 12 !== frame.length || said?.length !== 16) return undefined;
  const rows = padRows(member(hop, 'pad'));
  const bytes = Buffer.concat(keys).length;
  const units = rows?.reduce((sum, row) => sum + row[2]!, 0);
  const pad = rows && units === 1 + Math.ceil(bytes / 32) ? ends.units(rows) : undefined;
  if (pad === undefined) return undefined;
  const bare = Buffer.from(frame);
  bare.write(NO_TAG, 10 + tag!.start, 'latin1');
  const input = Buffer.concat([texts('keyferry/1 hop', ends.sender, ends.receiver), bare]);
  return poly1305(pad.subarray(0, 32), input).equals(said) ? pad.subarray(32) : undefined;
}

function padRows(pad: Value | undefined): number[][] | undefined {
  const rows = pad?.elements?.map((row) => {
    const [number, index, units, ...more] = row.elements ?? [];
    const all = [
      wholeIn(number, BLOCK_MAX),
      wholeIn(index, (1 << 15) - 1),
      wholeIn(units, 1 << 15) || undefined,
    ];
    return more.length > 0 ? [undefined] : all;
  });
  if (rows === undefined || rows.length < 1 || rows.length > 32 || rows.flat().includes(undefined))
    return undefined;
  return rows as number[][];
}

function uncovered(keys: readonly Buffer[], pad: Buffer): string[] {
  let at = 0;
  return keys.map((key) => {
    at += key.length;
    return xor(key, pad.subarray(at - key.length, at)).toString('hex');
  });
}
