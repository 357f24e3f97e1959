import { limits } from '../../src/limits.ts';

/** A KMA-key of a link block, named as people would. */
type Unit = string;
type Block = { readonly ends: Map<string, Buffer> };

const UNIT = limits.unitBytes;
const SPENT = 2;

/** Something that must never be. */
export class Violation extends Error {
  readonly invariant: string;

  constructor(invariant: string, what: string) {
    super(what);
    this.invariant = invariant;
  }
}

export function violate(invariant: string, what: string): never {
  throw new Violation(invariant, what);
}

/**
 * What all key of the QKD links was used for, as seen from outside: by whoever hands out the blocks, reads every frame and is every
 * application. Each KMA-key may be used for one thing.
 */
export class KeyLedger {
  readonly #blocks = new Map<string, Block>();
  readonly #uses = new Map<Unit, string>();
  /** Where a KMA-key lies, by its first bytes. */
  readonly #places = new Map<
    string,
    { readonly unit: Unit; readonly link: string; readonly number: number }
  >();
  /** Relayed KMA-keys in the clear, by what carried them. */
  readonly #supplied = new Map<string, string>();
  /** By link: from which block on each node keeps key out of use. */
  readonly #held = new Map<string, Map<string, number>>();
  /** Blocks that a node has destroyed, by link and node. */
  readonly #discarded = new Map<string, Set<number>>();
  used = 0;

  /** A module has made a block at its end of a link. @param bytes are kept */
  made(link: string, node: string, number: number, bytes: Buffer): void {
    const name = `${link} ${number}`;
    const block = this.#blocks.get(name) ?? { ends: new Map() };
    this.#blocks.set(name, block);
    // What makes no whole KMA-key is nobody's.
    const whole = bytes.subarray(0, bytes.length - (bytes.length % UNIT));
    block.ends.set(node, whole);
    for (let at = 0; at < whole.length; at += UNIT)
      this.#places.set(headOf(bytes, at), { unit: `${name}:${at / UNIT}`, link, number });
  }

  /** A node keeps the blocks of a link that are made from `number` on out of use: then nobody can use them. */
  hold(link: string, node: string, number: number): void {
    const held = this.#held.get(link) ?? new Map<string, number>();
    this.#held.set(link, held);
    held.set(node, Math.min(number, held.get(node) ?? number));
  }

  release(link: string, node: string): void {
    this.#held.get(link)?.delete(node);
  }

  /** A node has destroyed these blocks: it takes no more key from them. */
  discard(link: string, node: string, numbers: readonly number[]): void {
    const discarded = this.#discarded.get(`${link} ${node}`) ?? new Set();
    this.#discarded.set(`${link} ${node}`, discarded);
    for (const number of numbers) discarded.add(number);
  }

  /** A node has an empty store: what it destroyed may come again. */
  lose(link: string, node: string): void {
    this.#discarded.delete(`${link} ${node}`);
  }

  /**
   * A message left under pad.
   * @returns the pad, as both ends know it
   */
  padUsed(from: string, to: string, segments: readonly (readonly number[])[], message: string): Buffer {
    const link = linkOf(from, to);
    const pads: Buffer[] = [];
    for (const [number, index, units] of segments as readonly (readonly [number, number, number])[]) {
      if ((number % 2 === 0) !== from < to)
        violate('directions', `${from} took pad out of block ${number} of ${link}, which is ${to}'s`);
      for (let i = index; i < index + units; i++) this.#use(link, number, i, message);
      const bytes = this.#agreed(link, number, from).subarray(index * UNIT, (index + units) * UNIT);
      if (bytes.length !== units * UNIT)
        violate('pad is key', `${from} names pad ${number}:${index}+${units} of ${link}, which is not there`);
      pads.push(bytes);
    }
    return Buffer.concat(pads);
  }

  /** A proof that a block is held left: the same one may be said again. @param tag in base64 */
  proved(role: 'proposal' | 'answer', from: string, to: string, number: number, tag: string): void {
    const mine = (number % 2 === 0) === from < to;
    if (mine !== (role === 'proposal'))
      violate('directions', `${from} sent a ${role} for block ${number} to ${to}`);
    this.#notDiscarded(linkOf(from, to), number, from);
    this.#use(linkOf(from, to), number, role === 'proposal' ? 0 : 1, `${role} ${tag}`);
  }

  #notDiscarded(link: string, number: number, by: string): void {
    if (this.#discarded.get(`${link} ${by}`)?.has(number) === true)
      violate(
        'discarded key is not used',
        `block ${number} of ${link} was used by ${by}, which has discarded it`,
      );
  }

  /**
   * Key was handed to an application.
   * @param keyId for which request: each KMA-key may have two such, the same key at both ends
   */
  supplied(node: string, bytes: Buffer, keyId: string): void {
    for (let at = 0; at < bytes.length; at += UNIT) {
      const head = headOf(bytes, at);
      const place = this.#places.get(head);
      if (place === undefined) {
        // Key that was relayed: nobody but its nodes has seen it.
        const before = this.#supplied.get(head);
        if (before !== undefined && before !== keyId)
          violate('key for one request', `key ${keyId} has bytes of key ${before}`);
        this.#supplied.set(head, keyId);
        continue;
      }
      this.#agreed(place.link, place.number, node);
      this.#useUnit(place.unit, `key ${keyId}`);
    }
  }

  #use(link: string, number: number, index: number, what: string): void {
    this.#useUnit(`${link} ${number}:${index}`, what);
  }

  #useUnit(unit: Unit, what: string): void {
    const before = this.#uses.get(unit);
    if (before === what) return;
    if (before !== undefined) violate('key is used once', `${unit} was used for ${before}, then for ${what}`);
    this.#uses.set(unit, what);
    this.used += 1;
  }

  // A block of which the ends hold different bits must be found out before it is used.
  #agreed(link: string, number: number, by: string): Buffer {
    this.#notDiscarded(link, number, by);
    for (const [node, from] of this.#held.get(link) ?? [])
      if (number >= from)
        violate('held key is not used', `block ${number} of ${link} was used, and ${node} holds it back`);
    const ends = [...(this.#blocks.get(`${link} ${number}`)?.ends.values() ?? [])];
    const [one, other] = ends;
    if (one === undefined)
      violate('pad is key', `block ${number} of ${link} was used, and no module made it`);
    if (other === undefined)
      violate('blocks agree', `block ${number} of ${link} was used, and one end never had it`);
    // The first two are spent on the proof; Poly1305 leaves some bits of its key unused.
    const forUse = (bytes: Buffer) => bytes.subarray(SPENT * UNIT);
    if (!forUse(one).equals(forUse(other)))
      violate('blocks agree', `block ${number} of ${link} was used, and its ends hold different bits`);
    return one;
  }
}

export function linkOf(a: string, b: string): string {
  return a < b ? `${a}-${b}` : `${b}-${a}`;
}

// Eight random bytes are a name: that two are alike by chance is not to be expected in the life of this project.
function headOf(bytes: Buffer, at: number): string {
  return bytes.toString('latin1', at, at + 8);
}
