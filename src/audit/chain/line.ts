import { hash as digest } from 'node:crypto';

/** A place in the chain: a line's sequence number and its hash. */
export type Link = { readonly seq: number; readonly hash: string };

/** What comes before the first line. */
export const BEGINNING: Link = { seq: 0, hash: '0'.repeat(64) };

/** What is read of a line before anything in it is believed. */
export type ReadLine = {
  readonly seq: number;
  readonly time: string;
  readonly what: string;
  readonly prev: string;
  readonly hash: string;
  /** Its hash is that of its bytes. */
  readonly sound: boolean;
};

const HEAD = /^\{"seq":([1-9][0-9]{0,15}),"time":"([0-9TZ.:+-]{1,40})","what":"([a-z0-9_.-]{1,64})",/;
const TAIL = /,"prev":"([0-9a-f]{64})","hash":"([0-9a-f]{64})"\}$/;
const HEAD_BYTES = 160;
/** `,"prev":"…","hash":"…"}` */
const TAIL_BYTES = 149;
/** `,"hash":"…"}`: what the hash does not cover. */
const HASH_BYTES = 75;
const TEXT_CHARS_MAX = 512;

/**
 * The next line of the chain, without its newline.
 * @param fields what stands between the time and the hash of the line before; `what` first
 */
export function lineAfter(head: Link, time: string, fields: object): { text: string; link: Link } {
  const seq = head.seq + 1;
  // Put together as text: to spread the fields into another object takes longer than all the rest.
  const open = `{"seq":${seq},"time":"${time}",${JSON.stringify(fields).slice(1, -1)},"prev":"${head.hash}"`;
  const hash = digest('sha256', open, 'hex');
  return { text: `${open},"hash":"${hash}"}`, link: { seq, hash } };
}

/** Words that come from outside are as long as somebody there likes. */
export function clipped(text: string): string {
  return text.length > TEXT_CHARS_MAX ? `${text.slice(0, TEXT_CHARS_MAX).toWellFormed()}…` : text;
}

/** Reads a line without its newline; undefined when it is no line of a trail. */
export function readLine(bytes: Buffer): ReadLine | undefined {
  const head = HEAD.exec(bytes.toString('latin1', 0, HEAD_BYTES));
  const tail = TAIL.exec(bytes.toString('latin1', Math.max(0, bytes.length - TAIL_BYTES)));
  if (head === null || tail === null) return undefined;
  const [, seq = '', time = '', what = ''] = head;
  const [, prev = '', hash = ''] = tail;
  const sound = digest('sha256', bytes.subarray(0, bytes.length - HASH_BYTES), 'hex') === hash;
  return { seq: Number(seq), time, what, prev, hash, sound };
}

/** A place that somebody kept, from JSON: `seq` and `hash`; a whole line of the trail will do. */
export function linkOf(json: string): Link | undefined {
  try {
    const { seq, hash } = JSON.parse(json) as Record<string, unknown>;
    if (!Number.isSafeInteger(seq) || (seq as number) < 0) return undefined;
    return /^[0-9a-f]{64}$/.test(String(hash)) ? { seq: seq as number, hash: hash as string } : undefined;
  } catch {
    return undefined;
  }
}
