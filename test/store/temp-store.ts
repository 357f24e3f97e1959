import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { TestContext } from 'node:test';
import type { Disk } from '../../src/env/disk.ts';
import type { Log, LogFields } from '../../src/env/log.ts';
import type { RollbackGuard } from '../../src/env/rollback-guard.ts';
import type { AgentError } from '../../src/errors.ts';
import { limits } from '../../src/limits.ts';
import { systemDisk } from '../../src/node/disk.ts';
import { systemEntropy } from '../../src/node/entropy.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';
import type { Block, NewBlock } from '../../src/store/block.ts';
import { KeyStore } from '../../src/store/key-store.ts';
import { ManualClock } from '../manual-clock.ts';

export type Line = { readonly level: string; readonly event: string; readonly fields: LogFields };

/** A log that keeps its lines. */
export class Lines implements Log {
  readonly lines: Line[];
  readonly #fields: LogFields;
  constructor(lines: Line[] = [], fields: LogFields = {}) {
    this.lines = lines;
    this.#fields = fields;
  }
  debug = (event: string, fields?: LogFields) => this.#add('debug', event, fields);
  info = (event: string, fields?: LogFields) => this.#add('info', event, fields);
  warn = (event: string, fields?: LogFields) => this.#add('warn', event, fields);
  error = (event: string, fields?: LogFields) => this.#add('error', event, fields);
  with = (fields: LogFields): Log => new Lines(this.lines, { ...this.#fields, ...fields });
  of = (event: string): Line[] => this.lines.filter((line) => line.event === event);

  #add(level: string, event: string, fields: LogFields = {}): void {
    this.lines.push({ level, event, fields: { ...this.#fields, ...fields } });
  }
}

/** The same in memory, where a sync costs nothing, if there is such a place. */
export function quickDirectoryFor(t: TestContext): string {
  return directoryFor(t, existsSync('/dev/shm') ? '/dev/shm' : tmpdir());
}

export type StoreSettings = {
  readonly kmaId?: string;
  readonly nodeKey?: number;
  readonly clock?: ManualClock;
  readonly log?: Log;
  readonly guard?: RollbackGuard;
  readonly disk?: Disk;
  readonly onBroken?: (error: AgentError) => void;
};

/** A directory that is gone when the test has ended. */
export function directoryFor(t: TestContext, within = tmpdir()): string {
  const directory = mkdtempSync(join(within, 'keyferry-test-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** The store in `directory`; it is made when there is none. */
export function openStore(t: TestContext, directory: string, settings: StoreSettings = {}): KeyStore {
  const {
    kmaId = 'A',
    clock = new ManualClock().run(t),
    log = new Lines(),
    guard,
    disk = systemDisk,
    onBroken = (error) => {
      throw error;
    },
  } = settings;
  using nodeKey = SecretBytes.copyOf(Buffer.alloc(32, settings.nodeKey ?? 7));
  const path = join(directory, 'keys.sqlite');
  const store = new KeyStore({
    path,
    kmaId,
    nodeKey,
    clock,
    entropy: systemEntropy,
    disk,
    log,
    guard,
    onBroken,
  });
  t.after(() => closeStore(store));
  return store;
}

const closed = new WeakSet<KeyStore>();

export async function closeStore(store: KeyStore): Promise<void> {
  if (closed.has(store)) return;
  closed.add(store);
  await store.close();
}

/** A second look at a store that is closed. @param makes the file, when it is not there */
export function editStore(directory: string, edit: (db: DatabaseSync) => void, makes = false): void {
  const path = join(directory, 'keys.sqlite');
  if (!makes && !existsSync(path)) throw new Error(`${path} is not there`);
  const db = new DatabaseSync(path);
  try {
    edit(db);
  } finally {
    db.close();
  }
}

/** Bytes that look random, and are the same for the same seed. */
export function keyOf(seed: number, units: number): SecretBytes {
  const bytes = SecretBytes.alloc(units * limits.unitBytes);
  for (let unit = 0; unit < units; unit++)
    createHash('sha256')
      .update(`${seed} ${unit}`)
      .digest()
      .copy(bytes.view(), unit * limits.unitBytes);
  return bytes;
}

/** Inserts a block of `units` KMA-keys: own, relayed, ready and in an epoch that another began, or as `more` says. */
export async function addBlock(
  store: KeyStore,
  number: number,
  units: number,
  more: Partial<NewBlock> = {},
): Promise<Block> {
  const begun = number === 0 ? 1 : 0;
  const base = {
    remote: 'B',
    own: true,
    number,
    origin: 'relay',
    state: 'ready',
    first: 0,
    epoch: begun,
  } as const;
  using bytes = keyOf(number, units);
  const added = await store.insert({ ...base, ...more }, bytes);
  if (typeof added === 'string') throw new Error(`block ${number} is ${added}`);
  return added;
}

/** The database connection that a store holds. */
export function databaseOf(store: KeyStore): Promise<DatabaseSync> {
  const original = DatabaseSync.prototype.exec;
  return new Promise((resolve, reject) => {
    store.commit
      .stage(() => {
        DatabaseSync.prototype.exec = function (this: DatabaseSync, sql: string): void {
          DatabaseSync.prototype.exec = original;
          resolve(this);
          original.call(this, sql);
        };
      })
      .catch(reject);
  });
}

/** Lets no page be added to the database until the function that it gives back is called. */
export async function fillDisk(store: KeyStore): Promise<() => void> {
  const db = await databaseOf(store);
  const pages = db.prepare('PRAGMA page_count').get()?.['page_count'];
  db.exec(`PRAGMA max_page_count = ${pages}`);
  // Free pages would still take something in.
  return () => db.exec('PRAGMA max_page_count = 1073741823');
}

/** Lets a write fail, and with it all that share its transaction. */
export function failNext(store: KeyStore): void {
  const failing = store.commit.stage(() => {
    throw new Error('no room');
  });
  failing.catch(() => {});
}
