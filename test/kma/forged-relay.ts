import { randomBytes } from 'node:crypto';
import { readCompletion } from '../../src/kx/codec/completion.ts';
import { command, readHeader } from '../../src/kx/codec/header.ts';
import { type RelayedBlock, writeKeyRelay } from '../../src/kx/codec/key-relay.ts';
import { limits } from '../../src/limits.ts';
import type { TestNode, World } from './node.ts';

export type Forged = {
  readonly requestId: string;
  /** Of two KMA-keys; fresh ones where it is not given. */
  readonly keys?: Buffer;
} & Pick<RelayedBlock, 'number' | 'floor'>;

/** Sends a relay to C over B that the source would not write so: two KMA-keys, of which the first is the ID secret. */
export function sendForged(from: TestNode, { requestId, number, floor, keys }: Forged) {
  const block = { number, epoch: number, floor, part: 0, parts: 1 };
  const fields = { source: from.id, destination: 'C', transit: ['B'], requestId, block };
  const draft = writeKeyRelay(fields, randomBytes(16), keys ?? randomBytes(2 * limits.unitBytes));
  return from.guard.send(from.peers.get('B')!, command.keyRelay, draft);
}

/** The responses of the completions that cross a line from now on. */
export function completionsOn({ net }: World, line: string): string[] {
  const responses: string[] = [];
  net.crossing = (name, bytes) => {
    if (name === line && readHeader(bytes, 0).command === command.keyRelayCompletion)
      responses.push(readCompletion(bytes.subarray(limits.kxHeaderBytes))!.response);
  };
  return responses;
}
