import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What the binary loads while it runs, beside what it is linked with. */
const LOADED = ['/lib/x86_64-linux-gnu/libudev.so.1'];
const START_MS = 30_000;

/** Why no other root can be entered here; false when one can. */
export function whyNoBareRoot(): string | false {
  const able = spawnSync('unshare', ['--mount', 'true']).status === 0;
  return able ? false : 'mount namespaces need root';
}

/** A file system with the binary at its top, the libraries that it needs, and nothing else, read-only; of the machine /dev, /proc, /sys and `writable`. */
export class BareRoot {
  readonly #root: string;
  readonly #writable: string;
  readonly #running = new Set<ChildProcess>();

  constructor(root: string, binary: string, writable: string) {
    this.#root = root;
    this.#writable = writable;
    for (const folder of ['dev', 'proc', 'sys', writable]) mkdirSync(join(root, folder), { recursive: true });
    const needed = [binary, ...LOADED].flatMap(librariesOf);
    for (const library of new Set([...needed, ...LOADED])) {
      mkdirSync(join(root, dirname(library)), { recursive: true });
      copyFileSync(library, join(root, library));
    }
    copyFileSync(binary, join(root, 'keyferry'));
  }

  run(...words: string[]): { readonly status: number | null; readonly stdout: string } {
    const [program, parameters] = this.#command(words);
    const { status, stdout } = spawnSync(program, parameters, {
      env: { PATH: '/usr/bin:/bin:/usr/sbin' },
      encoding: 'utf8',
    });
    return { status, stdout };
  }

  start(...words: string[]) {
    const [program, parameters] = this.#command(words);
    const child = spawn(program, parameters, { env: { PATH: '/usr/bin:/bin:/usr/sbin' }, stdio: 'pipe' });
    this.#running.add(child);
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (text: Buffer) => (said += text.toString()));
    return {
      /** Asks until it gives something. @throws when it ends before, or does not in time */
      async until<T>(ask: () => T | undefined): Promise<T> {
        const endMs = performance.now() + START_MS;
        for (;;) {
          const found = ask();
          if (found !== undefined) return found;
          if (child.exitCode !== null || performance.now() > endMs) throw new Error(`it is not up: ${said}`);
          await sleep(100);
        }
      },
      /** What it has mapped from files that have a name like that. */
      named(pattern: RegExp): string[] {
        const maps = readFileSync(`/proc/${child.pid}/maps`, 'utf8').trim().split('\n');
        assertMapped(maps);
        return maps.flatMap((line) => /\s(\/.*)$/.exec(line)?.[1] ?? []).filter((path) => pattern.test(path));
      },
      async stop(): Promise<number | null> {
        child.kill('SIGTERM');
        if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
        return child.exitCode;
      },
    };
  }

  close(): void {
    for (const child of this.#running) child.kill('SIGKILL');
  }

  #command(words: readonly string[]): [string, string[]] {
    const mounts = [
      'set -e',
      'mount --bind "$1" "$1"',
      'for f in dev proc sys; do mount --rbind /$f "$1/$f"; done',
      'mount --bind "$2" "$1$2"',
      'mount -o remount,bind,ro "$1"',
      'r=$1; shift 2',
      'exec env -i /usr/sbin/chroot "$r" /keyferry "$@"',
    ];
    return [
      'unshare',
      ['--mount', 'sh', '-c', mounts.join('\n'), 'sh', this.#root, this.#writable, ...words],
    ];
  }
}

/** The addons are there, without a name: else nothing was looked at. */
function assertMapped(maps: readonly string[]): void {
  if (!maps.some((line) => / \(deleted\)$/.test(line)))
    throw new Error('no library without a name is mapped');
}

function librariesOf(program: string): string[] {
  const lines = execFileSync('ldd', [program], { encoding: 'utf8' });
  return [...lines.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path!);
}
