/**
 * A key manager of another make, as plainly as Q.4163 can be read: the four command codes, JSON.parse and JSON.stringify, and nothing of
 * ours in it. It is source, destination and transit at once, and holds its keys as base64 texts by ID.
 */
export const SPELLINGS = ['source_KMA_ID', 'Source KMA ID', 'sourceKmaId', 'source_kma_id'] as const;
export type Spelling = (typeof SPELLINGS)[number];

/** Each parameter of Tables 1 and 2 in the four spellings. */
const PARAMETERS: readonly (readonly [string, string, string, string])[] = [
  SPELLINGS,
  ['destination_KMA_ID', 'Destination KMA ID', 'destinationKmaId', 'destination_kma_id'],
  ['transit_KMA_IDs', 'Transit KMA IDs', 'transitKmaIds', 'transit_kma_ids'],
  ['keys', 'Keys', 'keys', 'keys'],
  ['key_ID', 'Key ID', 'keyId', 'key_id'],
  ['key', 'Key', 'key', 'key'],
  ['key_extension', 'Key extension', 'keyExtension', 'key_extension'],
  ['key_relay_request_ID', 'Key relay request ID', 'keyRelayRequestId', 'key_relay_request_id'],
  ['extension', 'Extension', 'extension', 'extension'],
  ['response', 'Response', 'response', 'response'],
];

export type RelayedKey = { keyId: string; key: string; keyExtension?: object };
export type RelayMessage = {
  sourceKmaId: string;
  destinationKmaId: string;
  transitKmaIds?: string[];
  keys: RelayedKey[];
  keyRelayRequestId?: string;
  extension?: object[];
};
export type CompletionMessage = { response: string; keyRelayRequestId?: string; extension?: object[] };
export type Heard = {
  readonly from: string;
  readonly messageId: number;
  readonly command: number;
  readonly text: string;
};

export const RELAY = 0x1101;
export const COMPLETION = 0x1102;
type Wire = { write(bytes: Buffer): void };

export class NaiveKm {
  readonly id: string;
  readonly spelling: Spelling;
  readonly #wires = new Map<string, Wire>();
  readonly #back = new Map<string, string>();
  /** Where it sends what is for another KMA and names no next one. */
  readonly routes = new Map<string, string>();
  readonly keys: Map<string, RelayedKey>;
  readonly heard: Heard[] = [];
  readonly completions: CompletionMessage[] = [];
  /** What it answers as destination; without `keyRelayRequestId` the ID is left out. Undefined: nothing. */
  answer: (relay: RelayMessage) => CompletionMessage | undefined = ({ keyRelayRequestId }) => ({
    response: 'success',
    ...(keyRelayRequestId === undefined ? {} : { keyRelayRequestId }),
  });
  #lastMessageId = 0;

  constructor(id: string, spelling: Spelling = 'source_KMA_ID', keys = new Map<string, RelayedKey>()) {
    this.keys = keys;
    this.id = id;
    this.spelling = spelling;
  }

  /** A connection with another KM stands. @returns where its bytes go */
  connected(kmaId: string, wire: Wire): (chunk: Buffer) => void {
    this.#wires.set(kmaId, wire);
    let left: Buffer = Buffer.alloc(0);
    return (chunk) => {
      left = Buffer.concat([left, chunk]);
      while (left.length >= 10 && left.length >= 10 + left.readUInt16BE(8)) {
        const end = 10 + left.readUInt16BE(8);
        const frame = left.subarray(0, end);
        left = left.subarray(end);
        this.#take(kmaId, frame);
      }
    };
  }

  disconnected(kmaId: string): void {
    this.#wires.delete(kmaId);
  }

  isConnected(kmaId: string): boolean {
    return this.#wires.has(kmaId);
  }

  relay(to: string, message: RelayMessage): void {
    this.send(to, RELAY, JSON.stringify(this.#spelt(message)));
  }

  /** @param text of the payload as it is */
  send(to: string, command: number, text: string): void {
    const payload = Buffer.from(text, 'utf8');
    const header = Buffer.alloc(10);
    header.writeUInt16BE(1, 0);
    header.writeUInt32BE(++this.#lastMessageId, 2);
    header.writeUInt16BE(command, 6);
    header.writeUInt16BE(payload.length, 8);
    this.#wires.get(to)?.write(Buffer.concat([header, payload]));
  }

  #take(from: string, frame: Buffer): void {
    const text = frame.subarray(10).toString('utf8');
    const command = frame.readUInt16BE(6);
    this.heard.push({ from, messageId: frame.readUInt32BE(2), command, text });
    const message: unknown = read(JSON.parse(text));
    if (command === RELAY) this.#onRelay(from, message as RelayMessage);
    if (command === COMPLETION) this.#onCompletion(message as CompletionMessage);
  }

  #onRelay(from: string, message: RelayMessage): void {
    if (message.destinationKmaId !== this.id) return this.#forward(from, message);
    for (const key of message.keys) this.keys.set(key.keyId, key);
    const answer = this.answer(message);
    if (answer !== undefined) this.send(from, COMPLETION, JSON.stringify(this.#spelt(answer)));
  }

  #forward(from: string, message: RelayMessage): void {
    const { transitKmaIds: transit = [], destinationKmaId: destination } = message;
    const listed = transit[transit.indexOf(this.id) + 1] ?? destination;
    const next = transit.length > 0 ? listed : (this.routes.get(destination) ?? destination);
    if (message.keyRelayRequestId !== undefined) this.#back.set(message.keyRelayRequestId, from);
    this.relay(next, message);
  }

  #onCompletion(message: CompletionMessage): void {
    const back = this.#back.get(message.keyRelayRequestId ?? '');
    if (back === undefined) this.completions.push(message);
    else this.send(back, COMPLETION, JSON.stringify(this.#spelt(message)));
  }

  #spelt(value: object): unknown {
    const at = SPELLINGS.indexOf(this.spelling);
    return renamed(value, (name) => parameter(name)?.[at] ?? name);
  }
}

/** A message with its parameters under their names in one word, however they were spelt. */
export function read(value: unknown): unknown {
  return renamed(value, (name) => parameter(name)?.[2] ?? name);
}

function parameter(name: string): readonly string[] | undefined {
  const plain = (text: string) => text.toLowerCase().replaceAll(/[ _-]/g, '');
  return PARAMETERS.find((spellings) => plain(spellings[0]) === plain(name));
}

// Extension entries are somebody else's: they stay as they are.
function renamed(value: unknown, to: (name: string) => string): unknown {
  if (Array.isArray(value)) return value.map((one) => renamed(one, to));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, inner]) => {
    const foreign = ['extension', 'keyextension'].includes(name.toLowerCase().replaceAll(/[ _-]/g, ''));
    return [to(name), foreign ? inner : renamed(inner, to)];
  });
  return Object.fromEntries(entries);
}
