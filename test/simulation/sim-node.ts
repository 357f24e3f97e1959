import { renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Zeroized } from '../../src/agent/zeroize.ts';
import { type Agent, startAgent } from '../../src/agent.ts';
import type { Config } from '../../src/config/schema.ts';
import type { Controlled } from '../../src/control/server.ts';
import type { Disk } from '../../src/env/disk.ts';
import type { Log } from '../../src/env/log.ts';
import { messageOf } from '../../src/errors.ts';
import type { KeySupply } from '../../src/ksa/key-supply.ts';
import { commission } from './commission.ts';
import type { Loss } from './crash-image.ts';
import { Ended } from './ended.ts';
import { NodeClock, type WallClock } from './node-clock.ts';
import type { SeededEntropy } from './seeded-entropy.ts';
import type { SimDisk } from './sim-disk.ts';
import { isNever, simLog } from './sim-log.ts';
import type { SimModule } from './sim-module.ts';
import { Host, type SimNet } from './sim-net.ts';
import { type OpenDoors, simWorld } from './sim-world.ts';
import type { Timeline } from './timeline.ts';

const LAST_WORD_MS = 100;

export type NodeParts = {
  readonly config: Config;
  readonly timeline: Timeline;
  readonly net: SimNet;
  readonly wall: WallClock;
  readonly disk: SimDisk;
  readonly entropy: SeededEntropy;
  /** By peer. */
  readonly modules: Map<string, SimModule>;
  readonly note: (node: string, event: string, details?: string) => void;
  readonly fail: (thrown: unknown) => void;
  /** Milliseconds until whoever watches over the agent starts it again. */
  readonly restartMs: () => number;
  /** What the node has promised is gone. */
  readonly onNewDisk: () => void;
};

type Life = OpenDoors & { agent: Agent | undefined };

/** A node: a machine with a disk and a clock, on which one agent lives after the other. */
export class SimNode {
  readonly id: string;
  readonly #parts: NodeParts;
  #life: Life | undefined;
  /** An operator has it zeroized; `done` when the agent has said that nothing is left. */
  #zeroized: 'asked' | 'done' | undefined;
  #rotations = 0;
  lives = 0;
  expired = false;
  /** As its file says it now. */
  config: Config;
  wasConfigured = false;
  /** When it came up last. */
  upMs = 0;

  constructor(parts: NodeParts) {
    this.#parts = parts;
    this.config = parts.config;
    this.id = parts.config.kma_id;
    writeFileSync(join(parts.disk.directory, 'node.key'), Buffer.alloc(32, this.id), { mode: 0o600 });
  }

  get disk(): SimDisk {
    return this.#parts.disk;
  }

  get wall(): WallClock {
    return this.#parts.wall;
  }

  get host(): Host | undefined {
    return this.#life?.host;
  }

  get agent(): Agent | undefined {
    return this.#life?.agent;
  }

  get supply(): KeySupply | undefined {
    return this.agent && this.#life?.supply;
  }

  get controlled(): Controlled | undefined {
    return this.agent && this.#life?.controlled;
  }

  /** Whether it keeps the newest key of a link out of use, and will remember that. */
  isHolding(peer: string): boolean {
    const holds = this.agent?.status().links.some((link) => link.peer === peer && link.held !== null);
    return holds === true && !this.disk.full;
  }

  /** From when an operator ordered it until the node is put into service again. */
  get isZeroized(): boolean {
    return this.#zeroized !== undefined;
  }

  /** Timers of the agent that wait. */
  get timers(): number {
    return this.#life?.clock.pending ?? 0;
  }

  start(): void {
    if (this.#life !== undefined) return;
    const { timeline, wall, disk, note } = this.#parts;
    this.lives += 1;
    const host = new Host(this.id);
    host.expired = this.expired;
    const clock = new NodeClock(timeline, wall);
    const life: Life = { clock, host, agent: undefined, supply: undefined, controlled: undefined };
    this.#life = life;
    const calls = disk.begin();
    note(this.id, 'starts', `life ${this.lives}`);
    const broken = (thrown: unknown) => {
      if (this.#life === life) this.#broke(thrown);
    };
    const alive = () => this.#life === life;
    this.#commission(life, calls);
    const origin = { config: this.config, read: () => ({ config: this.config }) };
    startAgent(simWorld(life, { ...this.#parts, disk: calls, alive }), origin, this.#log(life), broken, () =>
      this.#lastWord(life),
    ).then((agent) => {
      if (this.#life !== life) return;
      life.agent = agent;
      this.upMs = timeline.nowMs;
      note(this.id, 'is up');
    }, broken);
  }

  /** Ends the process in the middle of whatever it does. */
  kill(): void {
    const life = this.#end('is killed');
    if (life === undefined) return;
    this.#parts.disk.killed();
    this.#parts.net.hangUp(life.host);
    this.#startLater();
  }

  /** The power goes. */
  cut(loss: Loss): void {
    const life = this.#end('loses its power');
    if (life === undefined) return;
    this.#parts.disk.cut(loss);
    this.#parts.net.vanish(life.host);
    this.#startLater();
  }

  /** The power goes in the middle of a write that is yet to come. */
  cutInWrite(writes: number, loss: () => Loss): void {
    this.#parts.disk.cutAfter(writes, () => {
      const life = this.#end('loses its power in a write');
      if (life === undefined) return undefined;
      this.#parts.net.vanish(life.host);
      this.#startLater();
      return loss();
    });
  }

  /** Its disk is lost, and an operator puts the node into service with an empty one, or with what was copied of it before. */
  replaceDisk(by: 'an empty disk' | 'an old copy'): void {
    const life = this.#end(`is given ${by}`);
    if (life === undefined) return;
    this.disk.killed();
    if (by === 'an old copy') {
      this.disk.putBack();
      this.#zeroized = undefined;
    } else {
      this.disk.lose();
      // No trace of that is left, and the node has no node key either.
      if (this.#zeroized === 'done') this.#zeroized = 'asked';
    }
    this.#parts.onNewDisk();
    this.#parts.net.hangUp(life.host);
    this.#startLater();
  }

  /** An operator stops the agent and starts it again. */
  async restart(): Promise<void> {
    const life = this.#life;
    if (life?.agent === undefined) return;
    this.#parts.note(this.id, 'is stopped');
    const { agent } = life;
    life.agent = undefined;
    await agent.stop();
    if (this.#life !== life) return;
    this.#end('has stopped');
    this.#parts.disk.stopped();
    this.#parts.net.hangUp(life.host);
    this.#startLater();
  }

  /** An operator destroys all that the node holds, and then puts it into service again as an empty one. */
  async zeroize(): Promise<void> {
    const [life, controlled] = [this.#life, this.controlled];
    if (life === undefined || controlled === undefined || this.#zeroized !== undefined) return;
    this.#zeroized = 'asked';
    const done = (await controlled.zeroize('a drill')) as Zeroized;
    if (this.#life !== life) return;
    this.#parts.note(this.id, 'is zeroized', done.failures.join('; '));
    if (done.failures.length === 0 && /removed$/.test(done.node_key)) this.#zeroized = 'done';
  }

  /** An operator has the node key changed while the agent runs. It is given the new one when it starts again. */
  async rotate(key: Buffer): Promise<void> {
    const [life, controlled] = [this.#life, this.controlled];
    const { disk, config, note } = this.#parts;
    if (life === undefined || controlled === undefined) return;
    this.#rotations += 1;
    const name = `next-${this.#rotations}.key`;
    const next = join(disk.directory, name);
    writeFileSync(next, key, { mode: 0o600 });
    try {
      await controlled.rotate(join(dirname(config.data_directory), name));
      if (this.#life !== life || this.#zeroized !== undefined) return;
      renameSync(next, join(disk.directory, 'node.key'));
      note(this.id, 'has another node key');
    } catch (thrown) {
      if (this.#life === life) note(this.id, 'keeps its node key', messageOf(thrown));
    }
  }

  /** An operator writes another configuration, and has a running agent take it. */
  configure(config: Config): void {
    this.config = config;
    this.wasConfigured = true;
    const life = this.#life;
    const done = (how: string) => this.#life === life && this.#parts.note(this.id, how);
    this.agent?.reload().then(
      ({ changed }) => done(`has reloaded ${changed.join(', ')}`),
      (thrown) => done(`has not reloaded: ${messageOf(thrown)}`),
    );
  }

  /** The simulation is over. */
  halt(): void {
    this.#end('is halted');
    this.#parts.disk.halt();
    for (const module of this.#parts.modules.values()) module.stop();
  }

  expire(expired: boolean): void {
    this.expired = expired;
    if (this.host === undefined) return;
    if (expired) this.#parts.net.expire(this.host);
    else this.host.expired = false;
  }

  #end(how: string): Life | undefined {
    const life = this.#life;
    if (life === undefined) return undefined;
    this.#parts.note(this.id, how);
    this.#life = undefined;
    life.clock.kill();
    return life;
  }

  #commission(life: Life, disk: Disk): void {
    if (this.#zeroized === undefined) return;
    const { config, entropy, onNewDisk } = this.#parts;
    commission({ disk, clock: life.clock, entropy, config }, this.#zeroized === 'done');
    this.#zeroized = undefined;
    onNewDisk();
  }

  // The process of a node that was zeroized ends after a moment.
  #lastWord(life: Life): void {
    this.#parts.timeline.after(LAST_WORD_MS, () => void (this.#life === life && this.kill()));
  }

  // As `keyferry run` ends with a code, and the supervisor starts it again.
  #broke(thrown: unknown): void {
    const code = (thrown as { code?: string }).code ?? '';
    this.#parts.note(this.id, 'ends', `${code} ${messageOf(thrown)}`);
    // Then an operator does what the remedy says.
    if (this.disk.wasPutBack && code === 'host.guard_of_other_store') this.#zeroized = 'asked';
    if (!(thrown instanceof Ended) && (code === '' || isNever(code)))
      this.#parts.fail(thrown instanceof Error ? thrown : new Error(String(thrown)));
    this.kill();
  }

  #startLater(): void {
    this.#parts.timeline.after(this.#parts.restartMs(), () => this.start());
  }

  #log(life: Life): Log {
    return simLog((event, details) => {
      if (this.#life !== life) return false;
      this.#parts.note(this.id, event, details);
      return !(this.disk.wasPutBack && event.endsWith('store.rolled_back'));
    });
  }
}
