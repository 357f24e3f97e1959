import { type Command, InvalidArgumentError } from 'commander';
import type { Destroyed } from '../agent/keys.ts';
import type { BlockInventory, DirectionInventory, PoolInventory } from '../store/inventory.ts';
import { callAgent } from './control-client.ts';
import { type SocketOptions, socketOf, socketOption } from './socket-option.ts';
import { table } from './table.ts';
import { whole } from './whole.ts';

type Inventory = { readonly pools: readonly PoolInventory[]; readonly blocks: readonly BlockInventory[] };
type ShowOptions = SocketOptions & { readonly json?: boolean };
type DestroyOptions = ShowOptions & {
  readonly pool?: string;
  readonly olderThan?: number;
  readonly block?: number;
  readonly keyId?: string;
  readonly all?: boolean;
};

const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

/** `keyferry keys [KMA_ID]` and `keyferry keys destroy`: the key that a running agent holds. */
export function register(program: Command): void {
  const keys = program
    .command('keys')
    .summary('show the key that the node holds, or destroy some')
    .description(
      [
        'Shows the pools of key of a running agent: how much, how old, in which state. With the KMA ID of a far end: its blocks as well, those that',
        'have ended included, what changed last first. Never shows key. "own" are the blocks from which this node takes key, "theirs" those from which the far end',
        'does.',
      ].join('\n'),
    )
    .argument('[KMA_ID]', 'the far end whose blocks are shown')
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExit code: 0 answered, 1 no agent answers or no such pool.');
  socketOption(keys).action(async (pool: string | undefined, options: ShowOptions) => {
    const query = pool === undefined ? '' : `?pool=${encodeURIComponent(pool)}`;
    const found = await callAgent<Inventory>(await socketOf(options), 'GET', `/v1/keys${query}`);
    process.stdout.write(
      `${options.json === true ? JSON.stringify(found, null, 2) : inventoryText(found)}\n`,
    );
  });
  registerDestroy(keys);
}

function registerDestroy(keys: Command): void {
  const command = keys
    .command('destroy')
    .summary('destroy key for good')
    .description(
      [
        'Destroys the key that fits all that is given: of one pool, older than an age, one block. Or one key by its ID, with nothing else given. The',
        'neighbour is told, and gives up its half as well. Key that was handed out already is out.',
      ].join('\n'),
    )
    .option('--pool <KMA_ID>', 'key shared with this KMA')
    .option('--older-than <AGE>', 'key that came longer ago: a number with s, m, h or d', seconds)
    .option(
      '--block <NUMBER>',
      'the block of this number, of the pool named',
      whole(0, Number.MAX_SAFE_INTEGER),
    )
    .option('--key-id <ID>', 'one key that waits here for an application, by its ID; alone')
    .option('--all', 'all key')
    .option('--json', 'print one JSON object: blocks, keys')
    .addHelpText(
      'after',
      '\nExit code: 0 destroyed (be it nothing), 1 failed (the reason is printed; where no answer came it may be done all the same), 2 wrong usage.',
    );
  socketOption(command).action(async (_: unknown, given: Command) => {
    // Options of the same name belong to the command above as well.
    const options = given.optsWithGlobals<DestroyOptions>();
    const { pool, olderThan: older_than_seconds, block, keyId: key_id, all } = options;
    const request = { pool, older_than_seconds, block, key_id, all };
    if (Object.values(request).every((value) => value === undefined))
      command.error('error: say which key: --pool, --older-than, --block, --key-id or --all');
    if (block !== undefined && pool === undefined) command.error('error: --block needs --pool');
    if (key_id !== undefined && [pool, older_than_seconds, block, all].some((value) => value !== undefined))
      command.error('error: --key-id stands alone');
    const done = await callAgent<Destroyed>(await socketOf(options), 'POST', '/v1/keys/destroy', request);
    const text = `destroyed ${done.keys} keys, ${done.blocks} blocks`;
    process.stdout.write(`${options.json === true ? JSON.stringify(done) : text}\n`);
  });
}

export function inventoryText({ pools, blocks }: Inventory): string {
  const rows = pools.flatMap((pool) => [
    [pool.kma_id, 'own', ...cells(pool.own), pool.foreign_keys === 0 ? null : pool.foreign_keys],
    [null, 'theirs', ...cells(pool.theirs), null],
  ]);
  const heading = [
    'with KMA',
    'direction',
    'ready keys',
    'waiting',
    'held',
    'oldest',
    'newest',
    'blocks now',
    'used',
    'destroyed',
    'expired',
    'quarantined',
    'of a plain KMA',
  ];
  const text = table(heading, rows);
  return blocks.length === 0 ? text : `${text}\n\n${blocksText(blocks)}`;
}

function cells({ blocks, ...keys }: DirectionInventory): (string | number | null)[] {
  const { received = 0, ready = 0, used = 0, destroyed = 0, expired = 0, quarantined = 0 } = blocks;
  return [
    keys.ready_keys,
    keys.received_keys,
    keys.held_keys,
    keys.oldest_ms === null ? null : age(keys.oldest_ms),
    keys.newest_ms === null ? null : age(keys.newest_ms),
    received + ready,
    used,
    destroyed,
    expired,
    quarantined,
  ];
}

function blocksText(blocks: readonly BlockInventory[]): string {
  return table(
    ['number', 'direction', 'state', 'why', 'keys', 'left', 'came', 'ended', 'from', 'QBER'],
    blocks.map((block) => [
      block.number,
      block.direction,
      block.state,
      block.reason,
      block.keys,
      block.left,
      new Date(block.created_ms).toISOString(),
      block.ended_ms === null ? null : new Date(block.ended_ms).toISOString(),
      [block.origin, block.module, block.link, block.path].filter((one) => one !== null).join(' '),
      block.qber === null ? null : `${(block.qber * 100).toFixed(2)} %`,
    ]),
  );
}

function age(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1_000));
  if (s < 120) return `${s} s`;
  if (s < 7_200) return `${Math.round(s / 60)} min`;
  return `${Math.round(s / 3_600)} h`;
}

function seconds(text: string): number {
  const [, digits, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  if (digits === undefined) throw new InvalidArgumentError('A number with s, m, h or d, such as 12h.');
  return Number(digits) * SECONDS[unit as keyof typeof SECONDS];
}
