import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ByteLink } from '../../src/env/byte-link.ts';
import { KX_PROTOCOL } from '../../src/env/kx-transport.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';
import type { Block } from '../../src/store/block.ts';
import { faultFiles } from '../kx/fault-vectors/index.ts';
import type { Vector } from '../kx/fault-vectors/message.ts';
import { BLOCK, block as bytesOfBlock, GREETING, RECEIVER, SENDER } from '../kx/fault-vectors/setting.ts';
import { ManualClock } from '../manual-clock.ts';
import { type TestNode, World } from './node.ts';

type Line = { readonly write: (bytes: Buffer) => void; readonly end: () => void; closed: boolean };

/** A's end of a connection with B. */
function connect(world: World): Promise<Line> {
  return new Promise((resolve, reject) => {
    const onConnection = (_: unknown, link: ByteLink) => {
      const line: Line = {
        write: (bytes) => link.write(bytes),
        end: () => link.close('the vector is done'),
        closed: false,
      };
      setImmediate(() => resolve(line));
      return {
        onData: () => {},
        onClosed: () => {
          line.closed = true;
        },
      };
    };
    const failed = (reason: string) => reject(new Error(reason));
    world.net.transport(SENDER).dial(RECEIVER, 1, KX_PROTOCOL, onConnection, failed);
  });
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** B with the block of the vectors in its store, as if A's proof had been found right. */
async function nodeWithBlock(world: World): Promise<{ b: TestNode; block: Block }> {
  const b = world.node(RECEIVER, { neighbours: [SENDER], linked: [SENDER] });
  b.start();
  const line = await connect(world);
  line.write(GREETING);
  await turns(20);
  using bytes = SecretBytes.copyOf(bytesOfBlock);
  const place = { remote: SENDER, own: false, number: BLOCK, origin: 'link', state: 'ready' } as const;
  const block = await b.store.insert({ ...place, first: 2, epoch: 2 }, bytes);
  assert.ok(typeof block !== 'string');
  line.end();
  await turns(4);
  return { b, block };
}

/** What the node made of the vector; its units are unused again afterwards. */
async function outcomeOf(world: World, b: TestNode, block: Block, vector: Vector): Promise<string> {
  const line = await connect(world);
  const seen = (event: string) => b.log.of(event).length;
  const before = { malformed: seen('kx.message.malformed'), not: seen('kx.message.not_authentic') };
  const bytes = Buffer.from(vector.bytes, 'hex');
  line.write(vector.first ? bytes : Buffer.concat([GREETING, bytes]));
  await turns(12);
  const { closed } = line;
  line.end();
  await turns(4);
  // Whoever comes too often is kept waiting.
  world.clock.advance(30_000);
  await turns(4);
  const used = block.usedCount;
  for (let unit = 2; unit < block.units; unit++)
    if (block.used !== undefined && (block.used[unit >> 3]! & (1 << (unit & 7))) !== 0) block.unuse(unit, 1);
  // Used units are wiped in memory.
  b.store.open.forget(block);
  if (used > 0) return 'accepted';
  if (closed) return 'closed';
  if (seen('kx.message.malformed') > before.malformed) return 'malformed';
  if (seen('kx.message.not_authentic') > before.not) return 'not_authentic';
  // What is about blocks uses no pad.
  return vector.first || vector.clause.startsWith('kx.md,') ? 'accepted' : 'waiting';
}

// A completion without request ID is read, but on a keyferry connection it answers nothing.
const unanswered = ({ name, clause }: Vector) =>
  clause === '8.2, Key relay request ID' && /^no key_relay_request_ID$|: null$/.test(name);

for (const [file, make] of Object.entries(faultFiles))
  test(`a node with a real store makes of each vector of ${file}.json what is expected`, async (t) => {
    const world = new World(t, new ManualClock());
    const { b, block } = await nodeWithBlock(world);
    const outcomes: [string, string][] = [];
    const vectors = make();
    for (const vector of vectors) outcomes.push([vector.name, await outcomeOf(world, b, block, vector)]);
    assert.deepEqual(
      outcomes,
      vectors.map((vector) => [vector.name, unanswered(vector) ? 'malformed' : vector.expect]),
    );
    // Whoever writes the other end reads in the log what is wrong.
    for (const { fields } of b.log.of('kx.message.malformed'))
      assert.match(String(fields['reason']), /\)$|no request ID/);
  });
