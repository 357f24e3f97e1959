import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AuditSealer } from '../../src/audit/chain/audit-sealer.ts';
import { BEGINNING, type Link, lineAfter } from '../../src/audit/chain/line.ts';
import { type Verdict, Verifier, type VerifierOptions } from '../../src/audit/chain/verifier.ts';
import { nameOfFile } from '../../src/audit/files.ts';
import { SecretBytes } from '../../src/secret/secret-bytes.ts';

export function sealerOf(seed = 7): AuditSealer {
  using nodeKey = SecretBytes.copyOf(Buffer.alloc(32, seed));
  return new AuditSealer(nodeKey);
}

/** A chain of lines, each `sealEvery`th one a seal, as the agent writes them. */
export function chainOf(count: number, words: readonly string[] = ['x'], sealEvery = 5): string[] {
  using sealer = sealerOf();
  const lines: string[] = [];
  let head: Link = BEGINNING;
  for (let i = 0; i < count; i++) {
    const time = new Date(Date.UTC(2026, 0, 1) + i * 1_000).toISOString();
    const seal = { what: 'audit.seal', who: 'agent', outcome: 'done', ...sealer.seal(head) };
    const event = { what: 'supply.enc_keys', who: 'sae:a', outcome: 'done', reason: words[i % words.length] };
    const { text, link } = lineAfter(head, time, i % sealEvery === 0 ? seal : event);
    lines.push(text);
    head = link;
  }
  return lines;
}

/** Looks at bytes as the files of a directory are looked at. */
export function verdictOn(text: Buffer | readonly string[], options: VerifierOptions = {}): Verdict {
  const bytes = Buffer.isBuffer(text) ? text : Buffer.from(text.map((line) => `${line}\n`).join(''));
  const verifier = new Verifier(options);
  verifier.file('one', 1);
  let at = 0;
  for (let end = bytes.indexOf('\n'); end >= 0; end = bytes.indexOf('\n', at)) {
    verifier.line(bytes.subarray(at, end));
    at = end + 1;
  }
  if (at < bytes.length) verifier.unfinished(bytes.length - at);
  return verifier.end();
}

/** Writes lines into a directory as one file of a trail. */
export function writeTrail(directory: string, lines: readonly string[], firstSeq = 1): string {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, nameOfFile(firstSeq));
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''), { mode: 0o600 });
  return path;
}

export function linkAt(lines: readonly string[], seq: number): Link {
  const { hash } = JSON.parse(lines[seq - 1]!) as { hash: string };
  return { seq, hash };
}
