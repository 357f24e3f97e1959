import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { limits } from '../../src/limits.ts';
import { Random } from '../fuzz/random.ts';
import { Checks } from './checks.ts';
import { Ended } from './ended.ts';
import { Faults, SimWeather } from './faults.ts';
import { FrameWatch } from './frame-watch.ts';
import { KeyLedger, Violation } from './key-ledger.ts';
import { runMicrotasks } from './microtasks.ts';
import { WallClock } from './node-clock.ts';
import type { Plan } from './plan.ts';
import { SeededEntropy } from './seeded-entropy.ts';
import { SimApplications } from './sim-applications.ts';
import { configOf, homeOf } from './sim-config.ts';
import { SimDisk } from './sim-disk.ts';
import { SimLink } from './sim-link.ts';
import { SimModule } from './sim-module.ts';
import { SimNet } from './sim-net.ts';
import { SimNode } from './sim-node.ts';
import { Timeline } from './timeline.ts';

export type RunOptions = {
  /** Gets every event in words. */
  readonly onEvent?: ((line: string) => void) | undefined;
  /** Of the last events, so many are kept for whoever has to explain a failure. */
  readonly kept?: number | undefined;
};

export type RunResult = {
  readonly plan: Plan;
  readonly failure: { readonly invariant: string; readonly what: string; readonly stack: string } | undefined;
  /** The last events in words. */
  readonly last: readonly string[];
  readonly simulatedMs: number;
  readonly events: number;
  /** Of all events in order: two runs that are alike have the same. */
  readonly trace: string;
  readonly counts: Readonly<Record<string, number>>;
};

const MINUTE = 60_000;
/** At the end nobody asks for key: pools have to come back to what they are to have. */
const QUIET_MS = MINUTE;
const EVENTS_IN_A_ROW = 64;
/** An alarm, and the answer of a slow disk, take no longer. */
const SLOW_MS = 5_000;
/** Then each key that is taken can be fetched. */
const PROOF_MS = MINUTE;
/** After the last fault, until all must be well again. */
export const HEAL_MS = 5 * MINUTE;

/** Runs the network of one plan until its time is over or something is that must not be. */
export async function run(plan: Plan, options: RunOptions = {}): Promise<RunResult> {
  const root = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'keyferry-simulation-'));
  const simulation = new Simulation(plan, options, root);
  const onRejection = (thrown: unknown) => simulation.stray(thrown);
  process.on('unhandledRejection', onRejection);
  try {
    return await simulation.run();
  } finally {
    process.off('unhandledRejection', onRejection);
    rmSync(root, { recursive: true, force: true });
  }
}

class Simulation {
  readonly #plan: Plan;
  readonly #options: RunOptions;
  readonly #timeline = new Timeline();
  readonly #random: Random;
  readonly #ledger = new KeyLedger();
  readonly #watch = new FrameWatch(this.#ledger);
  readonly #nodes: SimNode[];
  readonly #links: SimLink[] = [];
  readonly #applications: SimApplications[];
  readonly #faults: Faults;
  readonly #checks: Checks;
  readonly #last: string[] = [];
  readonly #trace = createHash('sha256');
  #failure: unknown;

  constructor(plan: Plan, options: RunOptions, root: string) {
    this.#plan = plan;
    this.#options = options;
    this.#random = new Random(plan.seed * 104_729 + 3);
    const [timeline, random] = [this.#timeline, this.#random];
    const weather = new SimWeather(plan, random);
    const net = new SimNet(timeline, random, weather);
    const parts = { timeline, random, ledger: this.#ledger, note: this.#note, fail: this.#fail };
    net.onFrame = (from, to, frame) => this.#frame(from, to, frame);
    const modules = this.#makeLinks();
    this.#nodes = plan.nodes.map((id, i) => this.#makeNode(id, i, net, modules.get(id)!, root));
    const nodeOf = (id: string) => this.#nodes.find((node) => node.id === id)!;
    this.#applications = plan.pairs.map(
      ([a, b]) => new SimApplications(nodeOf(a), nodeOf(b), { ...parts, delayMs: plan.delayMs }),
    );
    const all = { plan, nodes: this.#nodes, links: this.#links, applications: this.#applications };
    this.#faults = new Faults({ ...all, timeline, random, net, note: this.#note }, weather);
    this.#checks = new Checks({ ...all, timeline, ledger: this.#ledger, watch: this.#watch });
  }

  async run(): Promise<RunResult> {
    const { minutes, requestSeconds } = this.#plan;
    for (const node of this.#nodes) this.#timeline.after(this.#random.below(2_000), () => node.start());
    for (const pair of this.#applications) this.#ask(pair, requestSeconds * 1_000);
    this.#timeline.after(1_000, () => this.#relay());
    await this.#until(minutes * MINUTE);
    this.#faults.end();
    await this.#until(minutes * MINUTE + HEAL_MS);
    if (this.#failure === undefined) this.#guarded(() => this.#checks.healed());
    for (const pair of this.#applications) void pair.prove();
    await this.#until(minutes * MINUTE + HEAL_MS + PROOF_MS);
    for (const node of this.#nodes) node.halt();
    return this.#result();
  }

  /** A promise of somebody's was rejected, and nobody looked. */
  stray(thrown: unknown): void {
    if (!isEnded(thrown)) this.#fail(thrown);
  }

  // Now and then round the event loop, which tells of rejections that nobody looks at.
  #until(endMs: number): Promise<void> {
    return new Promise((resolve) => {
      const some = () => {
        const more = this.#some(endMs);
        if (more && this.#failure === undefined) setImmediate(some);
        else setImmediate(resolve);
      };
      setImmediate(some);
    });
  }

  #some(endMs: number): boolean {
    for (let i = 0; i < EVENTS_IN_A_ROW && this.#failure === undefined; i++) {
      const more = this.#guarded(() => this.#timeline.step(endMs)) ?? true;
      // All that follows from it without waiting for something.
      runMicrotasks();
      if (!more) return false;
    }
    this.#guarded(() => this.#checks.now());
    return true;
  }

  #guarded<Result>(act: () => Result): Result | undefined {
    try {
      return act();
    } catch (thrown) {
      if (!isEnded(thrown)) this.#fail(thrown);
      return undefined;
    }
  }

  get #isQuiet(): boolean {
    return this.#timeline.nowMs > this.#plan.minutes * MINUTE + HEAL_MS - QUIET_MS;
  }

  // Requests come in no rhythm.
  #ask(pair: SimApplications, everyMs: number): void {
    this.#timeline.after(everyMs / 2 + this.#random.below(everyMs), () => {
      if (this.#isQuiet) return;
      void pair.take();
      this.#ask(pair, everyMs);
    });
  }

  // An operator has key relayed now and then.
  #relay(): void {
    if (this.#isQuiet) return;
    const way = this.#random.pick(this.#plan.relays);
    const [from, to] = this.#random.once(2) ? [way?.from, way?.to] : [way?.to, way?.from];
    const node = this.#nodes.find(({ id }) => id === from);
    if (node !== undefined && to !== undefined)
      this.#checks.relay(node, to, 1 + this.#random.below(20), this.#note);
    this.#timeline.after(5_000 + this.#random.below(60_000), () => this.#relay());
  }

  #makeLinks(): Map<string, Map<string, SimModule>> {
    const { edges, nodes, seed, blockSeconds, blockUnits, faults } = this.#plan;
    // A clock that is set ahead just before a restart hides how new a block is: docs/recovery.md.
    const suspectMs = faults.has('clock') ? 0 : limits.suspectBackMs - SLOW_MS;
    const modules = new Map(nodes.map((node) => [node, new Map<string, SimModule>()]));
    for (const [a, b] of edges) {
      const ends = [a, b].map((node) => {
        const peer = node === a ? b : a;
        const stored = (number: number) => {
          this.#checks.acknowledged(node, peer, number);
          link.stored(node, number);
        };
        const module = new SimModule(this.#timeline, `module-${node}-${peer}`, `${a}-${b}`, stored);
        modules.get(node)!.set(peer, module);
        return { node, module };
      });
      const entropy = new SeededEntropy(`link ${a}-${b} ${seed}`);
      const parts = { timeline: this.#timeline, random: this.#random, entropy, ledger: this.#ledger };
      const about = { units: blockUnits, everyMs: blockSeconds * 1_000, suspectMs };
      const link = new SimLink([ends[0]!, ends[1]!], parts, about);
      this.#links.push(link);
    }
    return modules;
  }

  #makeNode(id: string, index: number, net: SimNet, modules: Map<string, SimModule>, root: string): SimNode {
    const plan = this.#plan;
    const [timeline, random] = [this.#timeline, this.#random];
    const later = (ms: number, fn: () => void) => void timeline.after(ms, fn);
    const syncMs = () => plan.syncMs * (0.5 + random.below(1_000) / 1_000);
    const about = { root: join(root, id), name: homeOf(id), checkpointCommits: plan.checkpointCommits };
    return new SimNode({
      config: configOf(plan, id),
      timeline,
      net,
      wall: new WallClock(timeline, plan.driftPpm[index] ?? 0),
      disk: new SimDisk({ ...about, random, syncMs, later }),
      entropy: new SeededEntropy(`node ${id} ${plan.seed}`),
      modules,
      note: this.#note,
      fail: this.#fail,
      onNewDisk: () => {
        this.#checks.forget(id);
        for (const link of this.#links) link.lost(id);
      },
      restartMs: () => random.pick([100, 2_000, 2_000, 30_000]),
    });
  }

  #frame(from: string, to: string, frame: Buffer): void {
    this.#trace.update(frame);
    try {
      const words = this.#watch.frame(from, to, frame);
      if (!/^(ping|pong)/.test(words)) this.#note(from, `> ${to}`, words);
    } catch (thrown) {
      this.#note(from, `> ${to}`, 'a frame that must not be');
      this.#fail(thrown);
    }
  }

  readonly #note = (node: string, event: string, details = ''): void => {
    const line = `${(this.#timeline.nowMs / 1_000).toFixed(3).padStart(10)} ${node.padEnd(3)} ${event} ${details}`;
    this.#trace.update(line);
    this.#options.onEvent?.(line);
    this.#last.push(line);
    if (this.#last.length > 2 * (this.#options.kept ?? 60)) this.#last.splice(0, this.#options.kept ?? 60);
  };

  readonly #fail = (thrown: unknown): void => {
    if (this.#failure !== undefined) return;
    this.#failure = thrown;
    this.#note('all', 'FAILED', thrown instanceof Error ? thrown.message : String(thrown));
  };

  #result(): RunResult {
    const thrown = this.#failure;
    const invariant = thrown instanceof Violation ? thrown.invariant : 'nobody breaks';
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    return {
      plan: this.#plan,
      failure:
        thrown === undefined ? undefined : { invariant, what: error.message, stack: error.stack ?? '' },
      last: this.#last.slice(-(this.#options.kept ?? 60)),
      simulatedMs: this.#timeline.nowMs,
      events: this.#timeline.done,
      trace: this.#trace.digest('hex'),
      counts: this.#checks.counts(this.#faults.counts),
    };
  }
}

function isEnded(thrown: unknown): boolean {
  for (let one = thrown; one instanceof Error; one = one.cause) if (one instanceof Ended) return true;
  return /database is not open|statement has been finalized/.test(String(thrown));
}
