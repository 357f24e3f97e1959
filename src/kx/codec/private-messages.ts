import { base64DecodedLength, readBase64 } from '../../bytes/base64.ts';
import { TAG_BYTES } from '../../keys/authenticator.ts';
import { limits } from '../../limits.ts';
import { allocFrame, command } from './header.ts';
import { JsonView } from './json-view.ts';

/** First message both ways. `storeId` is new whenever a node starts with an empty store. */
export type Hello = { readonly kmaId: string; readonly unitBits: number; readonly storeId: string };

/** "I hold this block and own its direction": the tag proves it (design rule 4). Not secret. */
export type Proposal = {
  readonly number: number;
  readonly bytes: number;
  readonly epoch: number;
  readonly tag: Buffer;
};

export type SyncVerdict = 'ready' | 'differs' | 'unknown_epoch';
/** The answer to a proposal; `tag` proves the other side's hold, with `ready` only. */
export type SyncAnswer = {
  readonly number: number;
  readonly verdict: SyncVerdict;
  readonly tag: Buffer | undefined;
};

export function writeHello(hello: Hello): Buffer {
  return textFrame(command.hello, {
    kma_ID: hello.kmaId,
    unit_bits: hello.unitBits,
    store_ID: hello.storeId,
  });
}

export function readHello(payload: Buffer): Hello | undefined {
  const message = JsonView.of(payload);
  if (!(message instanceof JsonView)) return undefined;
  const kmaId = message.member('kmaid')?.text(limits.idCharsMax);
  const unitBits = message.member('unitbits')?.integer(1 << 16);
  const storeId = message.member('storeid')?.text(limits.idCharsMax);
  return kmaId && unitBits && storeId ? { kmaId, unitBits, storeId } : undefined;
}

/** Tags are proofs, which go over the wire as they are, and never key. @param floor the lowest number of a block of its direction from which the owner may still take key */
export function writeProposals(proposals: readonly Proposal[], floor: number): Buffer {
  const blocks = proposals.map((p) => [p.number, p.bytes, p.epoch, p.tag.toString('base64')]);
  return textFrame(command.syncProposal, { floor, blocks });
}

export function readProposals(payload: Buffer): Proposal[] | undefined {
  return readRows(payload, (row) => {
    const number = row[0]?.integer(limits.blockNumberMax);
    const bytes = row[1]?.integer(limits.blockBytesMax);
    const epoch = row[2]?.integer(limits.blockNumberMax);
    const tag = row[3] && readTag(row[3]);
    if (number === undefined || !bytes || epoch === undefined || !tag || row.length !== 4) return undefined;
    return { number, bytes, epoch, tag };
  });
}

/** The floor of a proposal message; 0, which says nothing, when it has none. */
export function readFloor(payload: Buffer): number {
  const message = JsonView.of(payload);
  const floor =
    message instanceof JsonView ? message.member('floor')?.integer(limits.blockNumberMax) : undefined;
  return floor ?? 0;
}

export function writeAnswers(answers: readonly SyncAnswer[]): Buffer {
  const blocks = answers.map((a) => [a.number, a.verdict, a.tag?.toString('base64') ?? '']);
  return textFrame(command.syncAnswer, { blocks });
}

export function readAnswers(payload: Buffer): SyncAnswer[] | undefined {
  return readRows(payload, (row) => {
    const number = row[0]?.integer(limits.blockNumberMax);
    const verdict = row[1]?.text(limits.idCharsMax);
    const tag = row[2] && readTag(row[2]);
    if (number === undefined || row.length !== 3) return undefined;
    if (verdict === 'ready') return tag ? { number, verdict, tag } : undefined;
    if (verdict !== 'differs' && verdict !== 'unknown_epoch') return undefined;
    return { number, verdict, tag: undefined };
  });
}

export function writeEmpty(commandCode: number): Buffer {
  return textFrame(commandCode, {});
}

function readRows<Row>(payload: Buffer, read: (row: JsonView[]) => Row | undefined): Row[] | undefined {
  const message = JsonView.of(payload);
  const elements = message instanceof JsonView ? message.member('blocks')?.elements() : undefined;
  if (elements === undefined || elements.length > limits.syncProposalsMax) return undefined;
  const rows: Row[] = [];
  for (const element of elements) {
    const row = read(element.elements() ?? []);
    if (row === undefined) return undefined;
    rows.push(row);
  }
  return rows;
}

function readTag(view: JsonView): Buffer | undefined {
  const { kind, start, end, escaped } = view.token;
  if (kind !== 'string' || escaped || base64DecodedLength(view.bytes, start, end) !== TAG_BYTES)
    return undefined;
  const tag = Buffer.alloc(TAG_BYTES);
  readBase64(view.bytes, start, end, tag, 0);
  return tag;
}

function textFrame(commandCode: number, value: object): Buffer {
  const text = JSON.stringify(value);
  const frame = allocFrame(commandCode, Buffer.byteLength(text));
  frame.write(text, limits.kxHeaderBytes);
  return frame;
}
