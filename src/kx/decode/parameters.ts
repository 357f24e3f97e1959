import { command } from '../codec/header.ts';

/** One parameter of a message, as the Recommendation's tables list them, in our spelling. */
export type Parameter = {
  readonly name: string;
  readonly kinds: readonly ('string' | 'number' | 'array' | 'object')[];
  readonly mandatory: boolean;
  /** Parameters of each element, where it is a list of objects. */
  readonly of?: readonly Parameter[];
};

export type MessageKind = {
  readonly name: string;
  /** Where it is defined. */
  readonly clause: string;
  readonly parameters: readonly Parameter[];
};

const must = (name: string, ...kinds: Parameter['kinds'][number][]): Parameter => ({
  name,
  kinds,
  mandatory: true,
});
const may = (name: string, ...kinds: Parameter['kinds'][number][]): Parameter => ({
  name,
  kinds,
  mandatory: false,
});

const keys: Parameter = {
  ...must('keys', 'array'),
  of: [must('key_ID', 'string'), must('key', 'string'), may('key_extension', 'object')],
};

const extension: Parameter = { ...may('extension', 'array'), of: [] };

/** Every message that can stand in a Kx stream, by its command code. */
export const messageKinds: ReadonlyMap<number, MessageKind> = new Map([
  [
    command.keyRelay,
    {
      name: 'key relay',
      clause: 'Q.4163 §8.1, Table 1',
      parameters: [
        must('source_KMA_ID', 'string'),
        must('destination_KMA_ID', 'string'),
        may('transit_KMA_IDs', 'array', 'string'),
        keys,
        may('key_relay_request_ID', 'string'),
        extension,
      ],
    },
  ],
  [
    command.keyRelayCompletion,
    {
      name: 'key relay completion notification',
      clause: 'Q.4163 §8.2, Table 2',
      parameters: [must('response', 'string'), may('key_relay_request_ID', 'string'), extension],
    },
  ],
  [
    command.keySupply,
    {
      name: 'key supply notification',
      clause: 'Q.4163 §8.3, Table 3',
      parameters: [
        must('session_ID', 'string'),
        may('number_of_keys', 'number'),
        may('size_of_key', 'number'),
        extension,
      ],
    },
  ],
  [
    command.keySupplyResponse,
    {
      name: 'response to key supply notification',
      clause: 'Q.4163 §8.4, Table 4',
      parameters: [
        must('session_ID', 'string'),
        must('key_ID', 'string', 'array'),
        must('response', 'string'),
        extension,
      ],
    },
  ],
  [
    command.hello,
    {
      name: 'greeting',
      clause: 'docs/kx.md, Greeting',
      parameters: [must('kma_ID', 'string'), must('unit_bits', 'number'), must('store_ID', 'string')],
    },
  ],
  [
    command.syncProposal,
    {
      name: 'synchronisation: proposals',
      clause: 'docs/kx.md, Proposal',
      parameters: [may('floor', 'number'), must('blocks', 'array')],
    },
  ],
  [
    command.syncAnswer,
    { name: 'synchronisation: answers', clause: 'docs/kx.md, Answer', parameters: [must('blocks', 'array')] },
  ],
  [
    command.holdings,
    {
      name: 'holdings',
      clause: 'docs/kx.md, Holdings',
      parameters: [must('used', 'array'), must('gone', 'array'), must('marks', 'array')],
    },
  ],
  [command.ping, { name: 'ping', clause: 'docs/kx.md, Liveness', parameters: [] }],
  [command.pong, { name: 'pong', clause: 'docs/kx.md, Liveness', parameters: [] }],
]);
