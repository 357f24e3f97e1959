import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Image } from './image.ts';

export type Line = Readonly<Record<string, unknown>>;

type Answer = { readonly event?: string; readonly QMP?: object; readonly error?: { readonly desc: string } };

/** A second disk, /dev/vdb in the guest, each write and flush of which QEMU notes in `log`. What the guest does not flush, it may lose. */
export function loggedDisk(disk: string, log: string): string[] {
  writeFileSync(log, '');
  return [
    ...['-blockdev', `driver=file,node-name=disk-file,filename=${disk}`],
    ...['-blockdev', `driver=file,node-name=log-file,filename=${log}`],
    '-blockdev',
    'driver=blklogwrites,node-name=disk,file=disk-file,log=log-file,log-sector-size=512,log-super-update-interval=1',
    // Behind the first, which takes the lowest free address.
    ...['-device', 'virtio-blk-pci,drive=disk,addr=0x1e'],
  ];
}

/** A virtual machine by QEMU's emulation, which needs no help of the processor. Ends with the test that started it. */
export class Guest {
  readonly #qemu: ChildProcessWithoutNullStreams;
  readonly #monitorPath: string;
  #monitor: Socket | undefined;
  readonly #answers: ((answer: Answer) => void)[] = [];
  /** What QEMU has told unasked, oldest first. */
  readonly events: string[] = [];
  readonly ended: Promise<unknown>;
  /** What the guest has written to its console in JSON, oldest first. */
  readonly lines: Line[] = [];
  /** The rest, to tell what went wrong. */
  #console = '';

  constructor(image: Image, directory: string, devices: readonly string[]) {
    this.#monitorPath = join(directory, 'qmp.sock');
    this.#qemu = spawn('qemu-system-x86_64', [
      // One processor: with two, each with a thread of its own, QEMU 7.2 breaks V8 in one of twelve starts (CONTRIBUTING.md).
      ...['-M', 'pc', '-accel', 'tcg', '-cpu', 'max', '-smp', '1', '-m', '1024'],
      ...['-nodefaults', '-no-user-config', '-display', 'none', '-serial', 'stdio', '-no-reboot'],
      ...['-qmp', `unix:${this.#monitorPath},server=on,wait=off`],
      ...['-kernel', image.kernel, '-initrd', image.initrd],
      ...['-append', 'console=ttyS0 panic=-1 loglevel=0 rdinit=/init random.trust_cpu=on'],
      ...['-drive', `file=${image.disk},if=virtio,format=raw,readonly=${image.writable ? 'off' : 'on'}`],
      ...devices,
    ]);
    this.ended = once(this.#qemu, 'close');
    this.#qemu.stdin.on('error', () => {});
    createInterface(this.#qemu.stdout).on('line', (line) => this.#take(line));
    this.#qemu.stderr.on('data', (chunk: Buffer) => this.#note(chunk.toString()));
  }

  #take(line: string): void {
    const at = line.indexOf('{"');
    try {
      this.lines.push(JSON.parse(line.slice(Math.max(at, 0))) as Line);
    } catch {
      this.#note(`${line}\n`);
    }
  }

  #note(text: string): void {
    this.#console = (this.#console + text).slice(-4000);
  }

  /** Tells the guest's init a word. */
  say(word: string): void {
    this.#qemu.stdin.write(`${word}\n`);
  }

  count(event: string): number {
    return this.lines.filter((line) => line['event'] === event).length;
  }

  /** Waits until `ready` gives something. @throws when it does not within `ms` */
  async until<T>(what: string, ms: number, ready: () => T | undefined | false): Promise<T> {
    const endMs = performance.now() + ms;
    for (;;) {
      const found = ready();
      if (found !== undefined && found !== false) return found;
      if (this.#qemu.exitCode !== null || performance.now() > endMs) {
        const last = this.lines.slice(-5).map((line) => JSON.stringify(line));
        throw new Error(`${what} did not come about: ${last.join('\n')}\n${this.#console}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Gives QEMU itself an order. @throws when QEMU refuses it */
  async order(execute: string, parameters: object): Promise<void> {
    this.#monitor ??= await this.#connect();
    await this.#ask(this.#monitor, execute, parameters);
  }

  async #connect(): Promise<Socket> {
    const monitor = createConnection(this.#monitorPath);
    await once(monitor, 'connect');
    createInterface(monitor).on('line', (line) => {
      const said = JSON.parse(line) as Answer;
      if (said.event !== undefined) this.events.push(said.event);
      else if (said.QMP === undefined) this.#answers.shift()?.(said);
    });
    await this.#ask(monitor, 'qmp_capabilities', {});
    return monitor;
  }

  async #ask(monitor: Socket, execute: string, parameters: object): Promise<void> {
    const answer = new Promise<Answer>((resolve) => this.#answers.push(resolve));
    monitor.write(`${JSON.stringify({ execute, arguments: parameters })}\n`);
    const { error } = await answer;
    if (error !== undefined) throw new Error(`QEMU: ${error.desc}`);
  }

  async end(): Promise<void> {
    this.#monitor?.destroy();
    if (this.#qemu.exitCode === null) this.#qemu.kill('SIGKILL');
    await this.ended;
  }
}
