import { AgentError, messageOf, rethrowInvariant } from '../../src/errors.ts';
import { limits } from '../../src/limits.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';
import type { DriverContext, ModuleSink, OpenModule } from '../driver.ts';
import { type FolderFile, type KeyFolder, openFolder } from '../ports/folder.ts';
import { type Format, formats } from './format.ts';
import { manifest } from './manifest.ts';
import { Remains } from './remains.ts';

/** Where the files come from, and how they are read. */
type Source = { readonly path: string; readonly format: Format };

/** Several changes of the folder share one look. */
const SOON_MS = 20;

/**
 * Takes the files of one folder in the order of their numbers. A file is read once it has stood still for a while, and erased
 * once its block is durably stored; what cannot be read stays, and is reported once.
 */
export class KeyFileModule implements OpenModule {
  readonly #context: DriverContext;
  readonly #sink: ModuleSink;
  readonly #source: Source | undefined;
  #folder: KeyFolder | undefined;
  /** Since when each file has been as it is, and what was decided of it then. */
  #seen = new Map<string, { readonly stamp: string; readonly sinceMs: number; aside: boolean }>();
  /** Files that are left alone as long as they are as they were: their stamps. They take no room among those that are looked at. */
  readonly #aside = new Map<string, string>();
  /** How many of them have had their turn to be looked at. */
  #asideLooked = 0;
  /** Names of files that are delivered or being erased. */
  readonly #underWay = new Set<string>();
  #opening = 0;
  #backOffMs: number = limits.portBackOffMsMin;
  #lastFailure = '';
  #cancelTimer: () => void = () => {};
  #lookAtMs = Number.POSITIVE_INFINITY;
  #looking: Promise<void> = Promise.resolve();
  #erasing: Promise<void> = Promise.resolve();
  #sweepAtMs = 0;
  readonly #remains: Remains;
  #stopping = false;

  constructor(context: DriverContext, sink: ModuleSink) {
    this.#context = context;
    this.#sink = sink;
    this.#remains = new Remains(context);
    const { port } = context;
    if ('folder' in port) this.#source = { path: port.folder.path, format: formats[port.folder.format] };
    this.#lookIn(0);
  }

  async close(): Promise<void> {
    this.#stopping = true;
    this.#cancelTimer();
    await this.#looking;
    await this.#erasing;
    this.#lost('the agent is closing it');
  }

  /** Looks after `ms`, or sooner when a sooner look is planned. */
  #lookIn(ms: number): void {
    const atMs = this.#context.clock.monotonicMs() + ms;
    if (this.#stopping || atMs >= this.#lookAtMs) return;
    this.#cancelTimer();
    this.#lookAtMs = atMs;
    this.#cancelTimer = this.#context.clock.after(ms, () => {
      this.#lookAtMs = Number.POSITIVE_INFINITY;
      // One look at a time.
      this.#looking = this.#looking.then(() => this.#look());
    });
  }

  async #look(): Promise<void> {
    if (this.#stopping) return;
    try {
      if (this.#folder === undefined) await this.#open();
      // It was closed meanwhile.
      if (this.#folder === undefined) return;
      await this.#takeAll();
      this.#sweepSometimes();
      this.#backOffMs = limits.portBackOffMsMin;
      this.#lookIn(limits.keyFilePollMs);
    } catch (thrown) {
      rethrowInvariant(thrown);
      this.#failed(thrown);
    }
  }

  async #open(): Promise<void> {
    if (this.#source === undefined) throw noFolder();
    const folder = await openFolder(this.#source.path);
    // What an earlier run had begun to erase.
    for (const obstacle of await folder.sweep()) this.#remains.add(obstacle);
    if (this.#stopping) return folder.close();
    this.#sweepAtMs = this.#context.clock.monotonicMs() + limits.keyFileSweepMs;
    this.#folder = folder;
    this.#opening += 1;
    this.#lastFailure = '';
    this.#seen.clear();
    this.#aside.clear();
    folder.watch(() => this.#lookIn(SOON_MS));
    const linkId = this.#context.expectedLinkId ?? 'unnamed';
    this.#sink.onOpen({ moduleId: manifest.id, linkId, role: 'unknown', firmwareVersion: '' });
  }

  #failed(thrown: unknown): void {
    const reason = messageOf(thrown);
    this.#lost(reason);
    if (reason !== this.#lastFailure) {
      const remedy = thrown instanceof AgentError ? thrown.remedy : undefined;
      this.#context.log.warn('module.port-unavailable', { reason, remedy });
    }
    this.#lastFailure = reason;
    this.#lookIn(this.#backOffMs);
    this.#backOffMs = Math.min(this.#backOffMs * 2, limits.portBackOffMsMax);
  }

  #lost(reason: string): void {
    if (this.#folder === undefined) return;
    this.#folder.close();
    this.#folder = undefined;
    this.#underWay.clear();
    this.#sink.onLost(reason);
  }

  async #takeAll(): Promise<void> {
    const { format } = this.#source!;
    const files = await this.#list(format);
    const nowMs = this.#context.clock.monotonicMs();
    const before = this.#seen;
    this.#seen = new Map();
    for (const name of this.#underWay) if (before.has(name)) this.#seen.set(name, before.get(name)!);
    for (const { name, stamp } of files) {
      const known = before.get(name);
      this.#seen.set(name, known?.stamp === stamp ? known : { stamp, sinceMs: nowMs, aside: false });
    }
    for (const file of files) {
      if (this.#stopping || this.#underWay.size >= manifest.limits.blocksUnderWayMax) return;
      const seen = this.#seen.get(file.name)!;
      const settled = nowMs - seen.sinceMs >= limits.keyFileSettledMs;
      if (settled && !seen.aside && !this.#underWay.has(file.name)) await this.#take(file, format);
    }
  }

  /** The files with the lowest numbers, in their order, without those that are set aside and have not changed. */
  async #list(format: Format): Promise<FolderFile[]> {
    const due = this.#asideInTurn();
    const gone = new Set(this.#aside.keys());
    const files = await this.#folder!.list((name) => {
      gone.delete(name);
      return this.#aside.has(name) && !due.has(name) ? undefined : format.number(name);
    });
    for (const name of gone) this.#aside.delete(name);
    return files.filter(({ name, stamp }) => {
      if (this.#aside.get(name) === stamp) return false;
      this.#aside.delete(name);
      return true;
    });
  }

  /** Which of those set aside are looked at this time. */
  #asideInTurn(): Set<string> {
    const names = [...this.#aside.keys()];
    const from = this.#asideLooked < names.length ? this.#asideLooked : 0;
    this.#asideLooked = from + limits.keyFilesAsideLooks;
    return new Set(names.slice(from, this.#asideLooked));
  }

  async #take(file: FolderFile, format: Format): Promise<void> {
    const { name } = file;
    if (file.bytes > format.fileBytesMax)
      return this.#setAside(
        name,
        `it has ${file.bytes} bytes, more than the ${format.fileBytesMax} that fit`,
      );
    const bytes = await this.#read(file);
    if (bytes === undefined) return;
    try {
      const reading = format.read(name, bytes);
      if (reading.kind === 'partial') return this.#setAside(name, 'it is not complete');
      if (reading.kind === 'fault') return this.#setAside(name, reading.reason);
      if (!this.#stopping)
        this.#deliver(name, format.number(name)!, bytes.subarray(reading.from, reading.to));
    } finally {
      bytes.fill(0);
    }
  }

  /** One that cannot be read keeps nobody from the others. */
  async #read({ name, bytes }: FolderFile): Promise<Buffer | undefined> {
    try {
      return await this.#folder!.read(name, bytes);
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#setAside(name, `it cannot be read: ${messageOf(thrown)}`);
      return undefined;
    }
  }

  #deliver(name: string, number: number, key: Buffer): void {
    const opening = this.#opening;
    this.#underWay.add(name);
    const done = (refusal?: string): void => {
      if (this.#stopping || opening !== this.#opening || !this.#underWay.has(name)) return;
      if (refusal !== undefined) this.#context.log.warn('module.file-refused', { name, reason: refusal });
      this.#erasing = this.#erasing.then(() => this.#erase(name, opening));
    };
    this.#sink.onBlock(
      { number, bytes: SecretBytes.copyOf(key) },
      { stored: () => done(), refused: (reason) => done(reason) },
    );
  }

  async #erase(name: string, opening: number): Promise<void> {
    if (this.#folder === undefined || opening !== this.#opening || !this.#underWay.has(name)) return;
    try {
      this.#remains.add(await this.#folder.erase(name));
    } catch (thrown) {
      if (opening === this.#opening)
        this.#setAside(name, `it is stored but cannot be erased: ${messageOf(thrown)}`);
    }
    // A file of that name may be under way anew, out of the folder that took its place.
    if (opening !== this.#opening) return;
    this.#underWay.delete(name);
    this.#lookIn(SOON_MS);
  }

  /** What could not be deleted may be deleted later. In turn with erasing, which has files set aside in between. */
  #sweepSometimes(): void {
    const nowMs = this.#context.clock.monotonicMs();
    if (nowMs < this.#sweepAtMs) return;
    this.#sweepAtMs = nowMs + limits.keyFileSweepMs;
    const folder = this.#folder!;
    this.#erasing = this.#erasing.then(async () => {
      // A folder that has gone is found by the next look.
      for (const obstacle of await folder.sweep().catch(() => [])) this.#remains.add(obstacle);
    });
  }

  /** Leaves a file alone until it changes. */
  #setAside(name: string, reason: string): void {
    const seen = this.#seen.get(name);
    if (seen === undefined || seen.aside) return;
    seen.aside = true;
    if (this.#aside.size < limits.keyFilesAsideMax) this.#aside.set(name, seen.stamp);
    this.#context.log.warn('module.file-set-aside', { name, reason });
  }
}

function noFolder(): AgentError {
  return new AgentError('configuration.port_kind', 'the driver key-file is given no folder', {
    fault: 'configuration',
    remedy: 'Give `port.folder`: its path, and the format of the files.',
  });
}
