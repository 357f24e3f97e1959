import { AgentError } from '../errors.ts';
import { foreignKeyId } from '../keys/foreign-key-id.ts';
import type { Block } from '../store/block.ts';
import type { BlockInventory, PoolInventory } from '../store/inventory.ts';
import type { AgentParts } from './status.ts';

/** Which key is to be destroyed: all that fits every condition that is given. */
export type DestroyRequest = {
  /** KMA ID of the far end. */
  readonly pool?: string | undefined;
  /** Blocks that came longer ago than this. */
  readonly older_than_seconds?: number | undefined;
  /** One block, by its number; needs `pool`, and means both directions. */
  readonly block?: number | undefined;
  /** One key, by the ID under which an application or a plain KM knows it; excludes the others. */
  readonly key_id?: string | undefined;
  /** Without this an order that names nothing is refused. */
  readonly all?: boolean | undefined;
};

export type Destroyed = { readonly blocks: number; readonly keys: number };

/** The pools in numbers, or the blocks of one. @throws AgentError `keys.unknown_pool` */
export function listKeys(
  { store, clock }: AgentParts,
  remote?: string,
): { pools: PoolInventory[]; blocks: BlockInventory[] } {
  const wallMs = clock.wallMs();
  const pools = [...store.pools()].filter((pool) => remote === undefined || pool.remote === remote);
  if (remote !== undefined && pools.length === 0) throw unknownPool(remote);
  return {
    pools: pools.map((pool) => store.inventory.pool(pool, store.foreign.count(pool.remote), wallMs)),
    blocks: remote === undefined ? [] : store.inventory.blocks(store.pool(remote)),
  };
}

/**
 * Destroys key for good, and tells the neighbours, so that they use nothing of it.
 * @returns what is gone, once that is durable
 * @throws AgentError `keys.unknown_pool`, `keys.unknown_key`, `keys.nothing_named`, `keys.too_much_named`
 */
export async function destroyKeys(parts: AgentParts, request: DestroyRequest): Promise<Destroyed> {
  const { store, clock, holdings } = parts;
  if (request.key_id !== undefined) {
    refuseMore(request);
    return destroyOne(parts, request.key_id);
  }
  const { pool: remote, older_than_seconds: age, block: number, all = false } = request;
  if (remote === undefined && age === undefined && !all) throw nothingNamed();
  if (number !== undefined && remote === undefined) throw nothingNamed();
  const pools = [...store.pools()].filter((pool) => remote === undefined || pool.remote === remote);
  if (pools.length === 0 && remote !== undefined) throw unknownPool(remote);
  const bornBefore = clock.wallMs() - (age ?? 0) * 1_000;
  const meant = (block: Block): boolean =>
    (number === undefined || block.number === number) && (age === undefined || block.createdMs < bornBefore);
  // Those that an earlier order has ended and the disk has not let go of are waited for.
  const blocks = pools.flatMap((pool) =>
    [...pool.own.values(), ...pool.theirs.values(), ...pool.ending].filter(meant),
  );
  const foreign = number === undefined ? pools.map((pool) => pool.remote) : [];
  const keys = blocks.reduce((sum, { left }) => sum + left, 0);
  const [plain] = await Promise.all([
    store.foreign.destroy(foreign, age === undefined ? undefined : bornBefore),
    ...blocks.map((block) => store.destroy(block, 'ordered')),
  ]);
  for (const touched of new Set(blocks.map((block) => block.pool))) holdings.get(touched)?.tell();
  return { blocks: blocks.length, keys: keys + (plain ?? 0) };
}

// A condition that is passed over could have key destroyed that the order spares.
function refuseMore({ pool, older_than_seconds, block, all = false }: DestroyRequest): void {
  if (pool === undefined && older_than_seconds === undefined && block === undefined && !all) return;
  throw new AgentError('keys.too_much_named', 'the order names one key by its ID, and more beside it', {
    fault: 'application',
    remedy: 'Give the key ID alone, or pool, block and age without it.',
  });
}

async function destroyOne({ store, supply }: AgentParts, text: string): Promise<Destroyed> {
  // As an application would be understood.
  const keyId = foreignKeyId(text);
  if (keyId === undefined) throw unknownKey(text);
  const found = (await supply?.openForNobody(keyId)) ?? (await takeForeign(store, keyId));
  if (found.length === 0) throw unknownKey(text);
  for (const bytes of found) bytes.wipe();
  return { blocks: 0, keys: found.length };
}

// Two plain KMs may have given out the same ID: the order can't tell them apart, and is to leave nothing to be fetched by it.
async function takeForeign(store: AgentParts['store'], keyId: string) {
  const taken = await Promise.all(
    [...store.pools()].map(({ remote }) => store.foreign.take(remote, [keyId])),
  );
  return taken.flatMap((keys) => keys ?? []);
}

function unknownPool(remote: string): AgentError {
  return new AgentError('keys.unknown_pool', `no key is shared with a KMA ${remote}`, {
    fault: 'application',
    remedy: 'See the pools with: keyferry keys',
  });
}

function unknownKey(keyId: string): AgentError {
  return new AgentError('keys.unknown_key', `no key with the ID ${keyId} is here for anyone to fetch`, {
    fault: 'application',
    remedy:
      'It was used, it is not known yet, or it lies at the node that gave out its ID, which has burnt it.',
  });
}

function nothingNamed(): AgentError {
  return new AgentError('keys.nothing_named', 'the order does not say which key is to be destroyed', {
    fault: 'application',
    remedy: 'Name a pool, an age, a key ID, a block of a pool, or all.',
  });
}
