import { join } from 'node:path';
import type { Audit, AuditEvent } from '../env/audit.ts';
import type { Clock } from '../env/clock.ts';
import type { Disk } from '../env/disk.ts';
import type { Log } from '../env/log.ts';
import { messageOf, rethrowInvariant } from '../errors.ts';
import { limits } from '../limits.ts';
import { version } from '../version.ts';
import type { AuditSealer } from './chain/audit-sealer.ts';
import { BEGINNING, clipped, type Link, lineAfter, readLine } from './chain/line.ts';
import { nameOfFile, readPart, type TrailFile } from './files.ts';
import { type OpenedTrail, openTrail } from './open-trail.ts';
import { Sums } from './sums.ts';
import { TrailWriter } from './trail-writer.ts';

export type TrailOptions = {
  readonly directory: string;
  readonly kmaId: string;
  /** The trail's from now on: wiped when it ends. */
  readonly sealer: AuditSealer;
  readonly clock: Clock;
  readonly disk: Disk;
  readonly log: Log;
  readonly maxBytes: number;
  /** What is done while the disk takes no more: go on and count what is lost, or have no key supplied. */
  readonly whenFull: 'go_on' | 'refuse';
  /** The place that was remembered last. */
  readonly anchor: Link | undefined;
  /** Remembers a place that is on the disk. */
  remember(head: Link): Promise<void>;
};

export type TrailStatus = {
  readonly seq: number;
  readonly bytes: number;
  readonly lost: number;
  /** Why the disk takes nothing; null while it does. */
  readonly failure: string | null;
};

/** Not many, and each matters: on the disk at once. */
const URGENT = /^(agent|control|audit)\.|^kma\.hold\.|zeroized$/;

/** The audit trail of a running agent: the chain of its lines, in files that take turns, sealed now and then. */
export class AuditTrail implements Audit {
  readonly #options: TrailOptions;
  readonly #writer: TrailWriter;
  readonly #sums: Sums;
  readonly #files: TrailFile[];
  /** The hash before the first line of files that were begun in this run. */
  readonly #before = new Map<string, string>();
  readonly #fileBytes: number;
  readonly opened: OpenedTrail;
  #current: TrailFile | undefined;
  #head: Link;
  #sinceSeal = 0;
  #nowMs = Number.NaN;
  #nowText = '';
  #cancelSeal: (() => void) | undefined;
  #lost = 0;
  #lostSince = '';
  #lostEver = 0;
  #sealer: AuditSealer;
  #ended = false;

  /** @throws AgentError `host.audit_unwritable` */
  constructor(options: TrailOptions) {
    this.#options = options;
    this.#sealer = options.sealer;
    const { directory, clock, disk, log, maxBytes } = options;
    this.opened = openTrail(disk, directory, options.anchor);
    this.#files = this.opened.files;
    this.#head = this.opened.head;
    this.#fileBytes = Math.min(limits.auditFileBytesMax, Math.floor(maxBytes / limits.auditFileShare));
    this.#current = this.opened.fresh ? undefined : this.#files.at(-1);
    this.#writer = new TrailWriter(disk, directory, this.#current?.name, clock, log);
    this.#sums = new Sums(clock, (event) => this.record(event));
    for (const { what, reason, facts } of this.opened.findings) {
      log.error(what, { reason, ...facts });
      this.record({ what, who: 'agent', outcome: 'failed', reason, facts });
    }
  }

  record(event: AuditEvent): void {
    if (this.#ended) return;
    const room = limits.auditQueueBytesMax / (this.#lost > 0 ? 2 : 1);
    if (this.#writer.queued > room) return this.#lose();
    if (this.#lost > 0) this.#confess();
    this.#append(short(event), URGENT.test(event.what));
  }

  sum(event: AuditEvent): void {
    if (!this.#ended) this.#sums.add(event);
  }

  get refusing(): boolean {
    return this.#options.whenFull === 'refuse' && (this.#lost > 0 || this.#writer.failure !== undefined);
  }

  get status(): TrailStatus {
    return {
      seq: this.#head.seq,
      bytes: this.#files.reduce((sum, { bytes }) => sum + bytes, 0),
      lost: this.#lostEver,
      failure: this.#writer.failure ?? null,
    };
  }

  /** Seals what there is, and resolves to a place that is on the disk; to the last that was, when it takes nothing. */
  async seal(): Promise<Link | undefined> {
    this.#cancelSeal?.();
    this.#cancelSeal = undefined;
    if (!this.#ended && this.#sinceSeal > 0) this.#push(this.#sealNow('audit.seal'), true);
    const head = this.#head;
    if (!(await this.#writer.flush())) return undefined;
    await this.#options.remember(head).catch((thrown: unknown) => {
      rethrowInvariant(thrown);
      this.#options.log.error('audit.not_remembered', { reason: messageOf(thrown) });
    });
    return head;
  }

  /** What there is by now is sealed under the key of before, and then under this one, which is the trail's own from now on. */
  sealUnder(sealer: AuditSealer): void {
    if (this.#ended || sealer.keyId === this.#sealer.keyId) return sealer[Symbol.dispose]();
    this.#push(this.#sealNow('audit.seal'), true);
    this.#sealer[Symbol.dispose]();
    this.#sealer = sealer;
    this.#push(this.#sealNow('audit.seal'), true);
  }

  /** `last` goes on record, the place is sealed and remembered; what comes after it is still taken. */
  async stop(last: AuditEvent): Promise<void> {
    this.#sums.stop();
    this.record(last);
    await this.seal();
  }

  /** What comes after is not on record. */
  async end(): Promise<void> {
    if (this.#ended) return;
    this.#sums.stop();
    if (this.#lost > 0) this.#confess();
    this.#ended = true;
    this.#cancelSeal?.();
    if (!(await this.#writer.flush()))
      this.#options.log.error('audit.end_lost', { bytes: this.#writer.queued });
    await this.#writer.close();
    this.#sealer[Symbol.dispose]();
  }

  #append(fields: object, urgent: boolean): void {
    let line = lineAfter(this.#head, this.#now(), fields);
    if (this.#current === undefined || this.#current.bytes + line.text.length > this.#fileBytes) {
      this.#turn();
      line = lineAfter(this.#head, this.#now(), fields);
    }
    this.#push(line, urgent);
    this.#sinceSeal += 1;
    if (this.#sinceSeal >= limits.auditSealLines) this.#push(this.#sealNow('audit.seal'), false);
    if (this.#sinceSeal > 0)
      this.#cancelSeal ??= this.#options.clock.after(limits.auditSealMs, () => void this.seal());
  }

  #push({ text, link }: ReturnType<typeof lineAfter>, urgent: boolean): void {
    this.#head = link;
    this.#current!.bytes += Buffer.byteLength(text) + 1;
    this.#writer.push({ line: text }, urgent);
  }

  #sealNow(what: 'audit.seal' | 'audit.file', more: object = {}): ReturnType<typeof lineAfter> {
    this.#sinceSeal = 0;
    const seal = this.#sealer.seal(this.#head);
    return lineAfter(this.#head, this.#now(), { what, who: 'agent', outcome: 'done', ...more, ...seal });
  }

  // On to the next file; the oldest ones go when all together would be too long.
  #turn(): void {
    const name = nameOfFile(this.#head.seq + 1);
    this.#before.set(name, this.#head.hash);
    this.#current = { name, firstSeq: this.#head.seq + 1, bytes: 0 };
    this.#files.push(this.#current);
    this.#writer.push({ open: name });
    this.#push(this.#sealNow('audit.file', { format: 1, kma: this.#options.kmaId, version }), false);
    const bytes = () => this.#files.reduce((sum, file) => sum + file.bytes, this.#fileBytes);
    while (this.#files.length > 1 && bytes() > this.#options.maxBytes) this.#remove(this.#files.shift()!);
  }

  #remove({ name, firstSeq }: TrailFile): void {
    const next = this.#files[0]!;
    const last = { seq: next.firstSeq - 1, hash: this.#hashBefore(next.name) };
    const facts = { file: name, from_seq: firstSeq, to_seq: last.seq, last_hash: last.hash };
    const seal = this.#sealer.removal(last);
    const reason = 'audit.max_bytes';
    const event = { what: 'audit.removed', who: 'agent', outcome: 'done', reason, ...facts, ...seal };
    this.#push(lineAfter(this.#head, this.#now(), event), true);
    this.#before.delete(name);
    this.#writer.push({ remove: name }, true);
  }

  // A first line that can't be read stands for nothing: verification then says that the beginning is missing.
  #hashBefore(name: string): string {
    const known = this.#before.get(name);
    if (known !== undefined) return known;
    try {
      const bytes = readPart(
        this.#options.disk,
        join(this.#options.directory, name),
        0,
        limits.auditLineBytesMax,
      );
      return readLine(bytes.subarray(0, bytes.indexOf('\n')))?.prev ?? BEGINNING.hash;
    } catch {
      return BEGINNING.hash;
    }
  }

  #lose(): void {
    if (this.#lost === 0) this.#lostSince = this.#now();
    this.#lost += 1;
    this.#lostEver += 1;
  }

  #confess(): void {
    const facts = { events: this.#lost, since: this.#lostSince };
    this.#lost = 0;
    const reason = 'the disk took nothing for so long that no more could wait';
    this.#append({ what: 'audit.lost', who: 'agent', outcome: 'failed', reason, facts }, true);
  }

  // Many lines are of the same millisecond.
  #now(): string {
    const ms = this.#options.clock.wallMs();
    if (ms !== this.#nowMs) {
      this.#nowMs = ms;
      this.#nowText = new Date(ms).toISOString();
    }
    return this.#nowText;
  }
}

// The members that are no identifiers.
function short(event: AuditEvent): AuditEvent {
  const { reason, facts } = event;
  if (reason === undefined && facts === undefined) return event;
  const entries = Object.entries(facts ?? {}).map(([name, value]) => [
    name,
    typeof value === 'string' ? clipped(value) : value,
  ]);
  return {
    ...event,
    reason: reason && clipped(reason),
    facts: facts && (Object.fromEntries(entries) as AuditEvent['facts']),
  };
}
