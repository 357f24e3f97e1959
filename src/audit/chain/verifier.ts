import { limits } from '../../limits.ts';
import type { AuditSealer } from './audit-sealer.ts';
import { BEGINNING, type Link, type ReadLine, readLine } from './line.ts';

export type FaultKind =
  | 'changed'
  | 'missing'
  | 'out_of_order'
  | 'rewritten'
  | 'beginning'
  | 'unfinished'
  | 'cut_off'
  | 'seal'
  | 'unsealed';

/** The first thing that is wrong with a trail. */
export type ChainFault = {
  readonly kind: FaultKind;
  /** The sequence number of the line that it is about. */
  readonly seq: number;
  /** Where it was noticed. */
  readonly file: string;
  readonly line: number;
  readonly text: string;
};

export type Verdict = {
  readonly lines: number;
  readonly first: number | null;
  readonly last: Link | null;
  readonly begins: string | null;
  readonly ends: string | null;
  /** Lines up to this one are gone by rule, and that is on record. */
  readonly removedTo: number | null;
  /** Lines up to this one are sealed under the node key; null when none is, or no key was given. */
  readonly sealedTo: number | null;
  /** Seals under other node keys: not looked at. */
  readonly otherSeals: number;
  /** Places known from elsewhere that the trail agrees with. */
  readonly anchorsHeld: number;
  readonly fault: ChainFault | null;
};

export type VerifierOptions = {
  readonly sealer?: AuditSealer | undefined;
  /** Places that somebody kept elsewhere. */
  readonly anchors?: readonly Link[] | undefined;
};

/** Follows the chain line by line, from file to file. */
export class Verifier {
  readonly #sealer: AuditSealer | undefined;
  readonly #anchors: Map<number, string>;
  readonly #highest: number;
  #file = '';
  #firstSeq = 1;
  #line = 0;
  #lines = 0;
  #first: ReadLine | undefined;
  #last: ReadLine | undefined;
  /** What is on record as removed by rule: where each removal ended. */
  readonly #removed = new Map<number, string>();
  #sealedTo: number | undefined;
  #otherSeals = 0;
  #anchorsHeld = 0;
  #fault: ChainFault | undefined;

  constructor({ sealer, anchors = [] }: VerifierOptions = {}) {
    this.#sealer = sealer;
    this.#anchors = new Map(anchors.map(({ seq, hash }) => [seq, hash]));
    this.#highest = Math.max(0, ...anchors.map(({ seq }) => seq));
  }

  /** The lines that follow are of this file. @param firstSeq the number of its first line, as its name says */
  file(name: string, firstSeq: number): void {
    this.#file = name;
    this.#firstSeq = firstSeq;
    this.#line = 0;
  }

  /** @param bytes a line without its newline */
  line(bytes: Buffer): void {
    this.#line += 1;
    const read = readLine(bytes);
    if (this.#fault !== undefined) return this.#look(read);
    const expected = this.#last === undefined ? undefined : this.#last.seq + 1;
    if (read === undefined || !read.sound) {
      const seq = expected ?? this.#firstSeq;
      return this.#wrong('changed', seq, `line ${seq} was changed: its hash is not that of its text`);
    }
    if (!this.#follows(read, expected)) return;
    this.#lines += 1;
    this.#first ??= read;
    this.#last = read;
    this.#anchor(read);
    if (read.what.startsWith('audit.')) this.#own(read, bytes);
  }

  /** The file ends without a newline. @param bytes how many come after the last one */
  unfinished(bytes: number): void {
    if (this.#fault !== undefined) return;
    this.#line += 1;
    const seq = this.#last === undefined ? this.#firstSeq : this.#last.seq + 1;
    this.#wrong('unfinished', seq, `line ${seq} is cut off after ${bytes} bytes`);
  }

  end(): Verdict {
    this.#close();
    const { seq: last = 0 } = this.#last ?? {};
    return {
      lines: this.#lines,
      first: this.#first?.seq ?? null,
      last: this.#last === undefined ? null : { seq: last, hash: this.#last.hash },
      begins: this.#first?.time ?? null,
      ends: this.#last?.time ?? null,
      removedTo: this.#byRule ? this.#first!.seq - 1 : null,
      sealedTo: this.#sealedTo ?? null,
      otherSeals: this.#otherSeals,
      anchorsHeld: this.#anchorsHeld,
      fault: this.#fault ?? null,
    };
  }

  #follows({ seq, prev }: ReadLine, expected: number | undefined): boolean {
    if (expected === undefined) {
      if (seq === 1 && prev !== BEGINNING.hash)
        this.#wrong('rewritten', 1, 'line 1 names a line before it, and there is none');
    } else if (seq > expected) {
      const text = `line ${expected} is missing: line ${seq} stands in its place`;
      this.#wrong('missing', expected, text);
    } else if (seq < expected) {
      this.#wrong('out_of_order', seq, `line ${seq} stands again, or too late, after line ${expected - 1}`);
    } else if (prev !== this.#last?.hash) {
      const text = `line ${seq - 1} is not the one that line ${seq} follows: one of them was written anew`;
      this.#wrong('rewritten', seq - 1, text);
    }
    return this.#fault === undefined;
  }

  #anchor({ seq, hash }: ReadLine): void {
    const known = this.#anchors.get(seq);
    if (known === undefined) return;
    if (known === hash) this.#anchorsHeld += 1;
    else this.#wrong('rewritten', seq, `line ${seq} is not the one that is known from elsewhere`);
  }

  // Lines that the trail writes about itself.
  #own({ seq, prev, what }: ReadLine, bytes: Buffer): void {
    const said = membersOf(bytes);
    if (said === undefined) return this.#wrong('changed', seq, `line ${seq} was changed: it is no JSON`);
    if (what === 'audit.removed') return this.#removal(seq, said);
    if (this.#sealer === undefined || typeof said['mac'] !== 'string') return;
    const right = this.#sealer.seal({ seq: seq - 1, hash: prev });
    if (said['key'] !== right.key) this.#otherSeals += 1;
    else if (said['mac'] === right.mac) this.#sealedTo = seq - 1;
    else this.#wrong('seal', seq, `line ${seq} has a false seal: it, or what is before it, was written anew`);
  }

  // A removal is sealed by itself: who has only the disk could else write one behind the last seal, and the agent would go on behind it. One under
  // another key can only be from before this key's first seal.
  #removal(at: number, { key, mac, to_seq, last_hash }: Members): void {
    if (typeof to_seq !== 'number' || typeof last_hash !== 'string') return;
    const right = this.#sealer?.removal({ seq: to_seq, hash: last_hash });
    if (right !== undefined && key !== right.key) {
      this.#otherSeals += 1;
      if (this.#sealedTo !== undefined) return;
    } else if (right !== undefined && mac !== right.mac)
      return this.#wrong('seal', at, `line ${at} has a false seal: nobody removed what it says by rule`);
    this.#removed.set(to_seq, last_hash);
  }

  // After a fault: a line that seems to be missing may stand further on.
  #look(read: ReadLine | undefined): void {
    const fault = this.#fault;
    if (fault?.kind !== 'missing' || read?.seq !== fault.seq || !read.sound) return;
    const text = `line ${fault.seq} is out of order: it stands in ${this.#file}, line ${this.#line}`;
    this.#fault = { ...fault, kind: 'out_of_order', text };
  }

  #close(): void {
    if (this.#fault !== undefined) return;
    const first = this.#first;
    const last = this.#last?.seq ?? 0;
    if (first !== undefined && first.seq > 1 && !this.#byRule) {
      this.#line = 1;
      const text = `the trail begins at line ${first.seq}, and no record says that those before it were removed`;
      return this.#wrong('beginning', 1, text);
    }
    if (last < this.#highest) {
      const text = `the trail ends at line ${last}; line ${this.#highest} is known from elsewhere`;
      return this.#wrong('cut_off', last + 1, text);
    }
    const sealed = this.#sealedTo ?? (first?.seq ?? 1) - 1;
    if (this.#sealer !== undefined && last - sealed > 2 * limits.auditSealLines) {
      const text = `${last - sealed} lines after line ${sealed} have no seal of this node key`;
      this.#wrong('unsealed', sealed + 1, text);
    }
  }

  get #byRule(): boolean {
    return this.#first !== undefined && this.#removed.get(this.#first.seq - 1) === this.#first.prev;
  }

  #wrong(kind: FaultKind, seq: number, text: string): void {
    this.#fault ??= { kind, seq, file: this.#file, line: this.#line, text };
  }
}

type Members = Readonly<Record<string, unknown>>;

function membersOf(line: Buffer): Members | undefined {
  try {
    return JSON.parse(line.toString('utf8')) as Members;
  } catch {
    return undefined;
  }
}
