import { limits } from '../../src/limits.ts';
import type { Random } from '../fuzz/random.ts';
import { Middleman } from './attacker.ts';
import { variantOf } from './config-variants.ts';
import type { Edge, FaultKind, Plan } from './plan.ts';
import type { SimApplications } from './sim-applications.ts';
import { configOf } from './sim-config.ts';
import type { SimLink } from './sim-link.ts';
import type { SimModule } from './sim-module.ts';
import type { SimNet, Weather } from './sim-net.ts';
import type { SimNode } from './sim-node.ts';
import { Suspects } from './suspects.ts';
import type { Timeline } from './timeline.ts';

const HOUR = 3_600_000;
const MINUTE = 60_000;

export type FaultParts = {
  readonly plan: Plan;
  readonly timeline: Timeline;
  readonly random: Random;
  readonly net: SimNet;
  readonly nodes: readonly SimNode[];
  readonly links: readonly SimLink[];
  readonly applications: readonly SimApplications[];
  readonly note: (node: string, event: string, details?: string) => void;
};

/** The network's delays and cuts, as the faults have them now. */
export class SimWeather implements Weather {
  readonly #plan: Plan;
  readonly #random: Random;
  readonly #blocked = new Map<string, number>();
  slow = 1;
  splitPercent: number;

  constructor(plan: Plan, random: Random) {
    this.#plan = plan;
    this.#random = random;
    this.splitPercent = plan.splitPercent;
  }

  delayMs(): number {
    const { delayMs } = this.#plan;
    return this.slow * (delayMs / 2 + this.#random.below(delayMs + 1));
  }

  blocked(from: string, to: string): boolean {
    return (this.#blocked.get(`${from}>${to}`) ?? 0) > 0;
  }

  block(from: string, to: string): () => void {
    const way = `${from}>${to}`;
    this.#blocked.set(way, (this.#blocked.get(way) ?? 0) + 1);
    return () => void this.#blocked.set(way, this.#blocked.get(way)! - 1);
  }
}

/** Has faults happen, and later sets right what does not set itself right. */
export class Faults {
  readonly #parts: FaultParts;
  readonly #weather: SimWeather;
  readonly #middleman: Middleman;
  readonly #suspects: Suspects;
  readonly #cures = new Set<() => void>();
  readonly counts = new Map<FaultKind, number>();
  #over = false;

  constructor(parts: FaultParts, weather: SimWeather) {
    this.#parts = parts;
    this.#weather = weather;
    this.#middleman = new Middleman(parts.random);
    this.#suspects = new Suspects(parts);
    parts.net.attacker = this.#middleman.attack;
    for (const [kind, rate] of parts.plan.faults) this.#next(kind, rate);
  }

  /** No more faults, and what is broken is mended. */
  end(): void {
    this.#over = true;
    for (const cure of [...this.#cures]) cure();
    this.#parts.note('all', 'no more faults');
  }

  #next(kind: FaultKind, rate: number): void {
    const { timeline, random } = this.#parts;
    const wait = (-Math.log(1 - random.below(1_000_000) / 1_000_000) * HOUR) / rate;
    timeline.after(wait, () => {
      if (this.#over) return;
      this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
      this.#happen(kind);
      this.#next(kind, rate);
    });
  }

  #happen(kind: FaultKind): void {
    const { random, nodes, plan, links, applications, net, note } = this.#parts;
    const node = random.pick(nodes);
    const [a, b] = random.pick(plan.edges);
    const link = random.pick(links);
    const end = random.pick(link.ends);
    const { module } = end;
    const someTime = () => random.pick([1_000, 5_000, 20_000, MINUTE, 5 * MINUTE]);
    note(kind.startsWith('module') ? link.name : node.id, `FAULT ${kind}`);
    switch (kind) {
      case 'reset':
        return net.reset(a, b, random.once(2), hostsOf(nodes));
      case 'partition':
        this.#cut(
          [
            [a, b],
            [b, a],
          ],
          someTime(),
        );
        return;
      case 'one-way':
        this.#cut([random.once(2) ? [a, b] : [b, a]], someTime());
        return;
      case 'slow':
        this.#weather.slow = random.pick([5, 50]);
        return this.#cure(someTime(), () => {
          this.#weather.slow = 1;
        });
      case 'power-cut':
        return node.cut(plan.loss);
      case 'cut-in-write':
        return node.cutInWrite(1 + random.below(40), () => plan.loss);
      case 'kill':
        return node.kill();
      case 'restart':
        return void node.restart();
      case 'new-disk':
        return node.replaceDisk('an empty disk');
      case 'disk-full':
        node.disk.full = true;
        return this.#cure(someTime(), () => {
          node.disk.full = false;
        });
      case 'sync-fails':
        node.disk.failingSyncs = 1 + random.below(3);
        return;
      case 'clock':
        // Backwards, and ahead by less than what ends the life of key.
        node.wall.aheadMs += random.pick([-3_600_000, -90_000, -1_000, 1_000, 90_000, 7_200_000]);
        return;
      case 'certificate':
        node.expire(true);
        return this.#cure(someTime(), () => node.expire(false));
      case 'destroy':
        return this.#destroy(node);
      case 'zeroize':
        return void node.zeroize();
      case 'rotate':
        return void node.rotate(Buffer.from(Array.from({ length: 32 }, () => random.below(256))));
      case 'put-back':
        return this.#putBack(node, someTime());
      case 'configure':
        return this.#configure(node, someTime());
      case 'alarm':
      case 'discard': {
        const alarm = {
          link,
          ...end,
          node: nodes.find(({ id }) => id === end.node)!,
          peer: link.peerOf(end.node)!,
        };
        this.#suspects.alarm(alarm);
        return this.#cure(someTime(), () => this.#suspects.over(alarm, kind));
      }
      case 'application':
        return this.#careless(random.pick(applications), someTime());
      case 'attacker':
        this.#middleman.perMille = random.pick([5, 50, 300]);
        return this.#cure(someTime(), () => {
          this.#middleman.perMille = 0;
        });
      default:
        return this.#module(kind, link, module, someTime());
    }
  }

  #module(kind: FaultKind, link: SimLink, module: SimModule, ms: number): void {
    const { random } = this.#parts;
    const wrong = (how: 'lies' | 'skips' | 'repeats' | 'floods' | 'late', percent: number) => {
      link.wrong[how] = percent;
      this.#cure(ms, () => {
        link.wrong[how] = 0;
      });
    };
    switch (kind) {
      case 'module-restart':
        return module.restart();
      case 'module-stall':
        module.stalled = true;
        return this.#cure(ms, () => {
          module.stalled = false;
        });
      case 'module-unplug':
        module.unplug();
        return this.#cure(ms, () => module.plug());
      case 'module-lies':
        return wrong('lies', random.pick([5, 50]));
      case 'module-skips':
        wrong('late', 30);
        return wrong('skips', random.pick([5, 50]));
      case 'module-repeats':
        return wrong('repeats', 50);
      case 'module-floods':
        return wrong('floods', 20);
      case 'module-jumps':
        return link.jump(random.pick([1, 1_000, 2 * limits.blockNumberWindow]));
      case 'module-noise': {
        const noise = Buffer.from(Array.from({ length: 1 + random.below(300) }, () => random.below(256)));
        return module.noise(noise);
      }
      default:
        return;
    }
  }

  #configure(node: SimNode, ms: number): void {
    node.configure(variantOf(configOf(this.#parts.plan, node.id), this.#parts.random));
    this.#cure(ms, () => node.configure(configOf(this.#parts.plan, node.id)));
  }

  // Without a guard nobody may notice in time: operators are told so.
  #putBack(node: SimNode, ms: number): void {
    if (!this.#parts.plan.guarded || node.agent === undefined || node.isZeroized) return;
    node.disk.copy();
    this.#cure(ms, () => {
      node.replaceDisk('an old copy');
      // What was held when it was copied is held again.
      for (const link of this.#parts.links) {
        const peer = link.peerOf(node.id);
        if (peer !== undefined) this.#suspects.release(link, node, peer);
      }
    });
  }

  #careless(applications: SimApplications, ms: number): void {
    applications.carelessPercent = 50;
    this.#cure(ms, () => {
      applications.carelessPercent = 0;
    });
  }

  // An operator destroys some key of a pool, or all of it.
  #destroy(node: SimNode): void {
    const { random, note } = this.#parts;
    const pools = node.agent?.status().pools ?? [];
    if (pools.length === 0) return;
    const pool = random.pick(pools).kma_id;
    const request = { pool, ...(random.once(2) && { older_than_seconds: random.pick([10, 100]) }) };
    const life = node.lives;
    node.controlled?.destroyKeys(request).then(
      ({ keys }) => note(node.id, 'destroyed', `${keys} keys shared with ${pool}`),
      (thrown: Error) => node.lives === life && note(node.id, 'could not destroy', thrown.message),
    );
  }

  #cut(ways: readonly Edge[], ms: number): void {
    const opens = ways.map(([from, to]) => this.#weather.block(from, to));
    this.#cure(ms, () => {
      for (const open of opens) open();
    });
  }

  #cure(ms: number, cure: () => void): void {
    const once = () => {
      if (this.#cures.delete(once)) cure();
    };
    this.#cures.add(once);
    this.#parts.timeline.after(ms, once);
  }
}

function* hostsOf(nodes: readonly SimNode[]) {
  for (const { host } of nodes) if (host !== undefined) yield host;
}
