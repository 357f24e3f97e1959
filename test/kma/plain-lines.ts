import type { TestContext } from 'node:test';
import type { ByteLink } from '../../src/env/byte-link.ts';
import { until } from '../manual-clock.ts';
import { NaiveKm, type Spelling } from '../plain/naive-km.ts';
import { type NodeSettings, type TestNode, World } from './node.ts';

/** What a node says of a plain neighbour. */
export const open = { unprotectedKey: true, memberNames: 'source_KMA_ID' } as const;
export const closed = { ...open, unprotectedKey: false };

/** A key manager of another make that waits at its own name. */
export function naive({ net }: World, id: string, spelling?: Spelling): NaiveKm {
  const km = new NaiveKm(id, spelling);
  const onConnection = ({ kmaId }: { kmaId: string }, link: ByteLink) => ({
    onData: km.connected(kmaId, { write: (bytes) => link.write(bytes) }),
    onClosed: () => km.disconnected(kmaId),
  });
  net.transport(id).listen(id, 1, onConnection);
  return km;
}

/** A node whose one neighbour is the plain KM P. */
export async function besidePlain(t: TestContext, plain: typeof open | typeof closed, spelling?: Spelling) {
  const world = new World(t);
  const p = naive(world, 'P', spelling);
  const a = world.node('A', { neighbours: ['P'], linked: [], plain: { P: plain } });
  a.start();
  await a.up();
  return { world, p, a };
}

/** P — B — C, of which P is plain; between B and C is a filled QKD link. */
export async function behindTransit(
  t: TestContext,
  spelling?: Spelling,
  plain: typeof open | typeof closed = open,
) {
  const world = new World(t);
  const p = naive(world, 'P', spelling);
  const b = world.node('B', { neighbours: ['P', 'C'], linked: ['C'], plain: { P: plain } });
  const route = { destination: 'P', via: ['B'] };
  const settings: NodeSettings = { neighbours: ['B'], linked: ['B'], routes: [route], farPlain: ['P'] };
  const c = world.node('C', settings);
  for (const node of [b, c]) node.start();
  for (const node of [b, c]) await node.up();
  await world.fillLink(b, c, 4);
  return { world, p, b, c };
}

export async function answered(km: NaiveKm, count = 1) {
  await until('it is answered', () => km.completions.length >= count);
  return km.completions.at(-1)!;
}

export async function foreignKey(node: TestNode, pool: string, id: string): Promise<string | undefined> {
  const [key] = (await node.store.foreign.take(pool, [id])) ?? [];
  return key?.view().toString('base64');
}
