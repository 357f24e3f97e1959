import { join } from 'node:path';
import type { Config } from '../config/schema.ts';
import type { Clock } from '../env/clock.ts';
import type { Disk } from '../env/disk.ts';
import type { Log } from '../env/log.ts';
import { AgentError, messageOf } from '../errors.ts';
import { limits } from '../limits.ts';
import { destroyNodeKey } from '../node/node-key.ts';
import { markZeroized } from '../node/zeroized-mark.ts';
import { discardStore } from '../store/rollback.ts';
import type { AgentParts } from './status.ts';

/** What a zeroization did, in the order in which it did it. */
export type Zeroized = {
  readonly why: string;
  /** After so many milliseconds nothing on the disk could be opened by anyone; null when that is not so, and `failures` says why. */
  readonly key_destroyed_ms: number | null;
  readonly node_key: string;
  /** KMA-keys that could be used until then; null when no agent was told. */
  readonly keys: number | null;
  /** `ended`: it ran, did not answer, and has ended since, as it does when it sees the mark of the zeroization. `runs`: it may still supply key. */
  readonly agent: 'told' | 'not_running' | 'ended' | 'runs';
  readonly files: readonly string[];
  /** What the modules answered to the same command, by link. */
  readonly modules: Readonly<Record<string, string>>;
  /** What could not be done. */
  readonly failures: readonly string[];
  readonly milliseconds: number;
};

/**
 * Destroys all key of a running node: its store's key first, on disk and in memory, then the node key, then the rest. Never throws: what fails is said, and the
 * rest is done all the same. The process has to end after it.
 */
export async function zeroize(parts: AgentParts, why: string, log: Log): Promise<Zeroized> {
  const { config, store, clock, modules, world } = parts;
  const keys = [...store.pools()].reduce(
    (sum, { heldUnits, remote }) => sum + heldUnits + store.foreign.count(remote),
    0,
  );
  const done = destroyAll(world, config, why, () => store.zeroize());
  // The modules hold key as well, and may be slow: nothing waits for them but the report.
  const answers = await Promise.all(
    [...modules].map(async ([link, module]) => {
      if (module.order === undefined) return [link, 'takes no commands'] as const;
      const late = new Promise<string>((resolve) =>
        clock.after(limits.zeroizeModuleMs, () => resolve('did not answer in time')),
      );
      const answered = module
        .order('zeroize')
        .then(({ outcome, text }) => `${outcome} ${text}`.trim(), messageOf);
      return [link, await Promise.race([answered, late])] as const;
    }),
  );
  const report = { ...done, keys, agent: 'told' as const, modules: Object.fromEntries(answers) };
  log.error('agent.zeroized', {
    why,
    keys,
    node_key: report.node_key,
    milliseconds: report.milliseconds,
    outcome: report.failures.length === 0 ? 'done' : 'failed',
    failures: report.failures.join('; '),
    modules: answers.map(([link, said]) => `${link}: ${said}`).join('; '),
  });
  return report;
}

/** What a zeroization needs of the world. */
type Around = { readonly clock: Clock; readonly disk: Disk };

type Destroyed = Omit<Zeroized, 'keys' | 'agent' | 'modules'>;

const storeOf = ({ data_directory }: Config): string => join(data_directory, 'keys.sqlite');

/** The same by the files of a node alone. */
export function zeroizeDisk(around: Around, config: Config, why: string): Destroyed {
  return destroyAll(around, config, why, () => discardStore(around.disk, storeOf(config)));
}

/**
 * The same for a node whose agent does not run. One that runs all the same has key in memory: it has a moment to see the mark, to destroy that, too, and to end.
 * @param holdersOf the processes that have a file open, or had it when it was removed
 * @param heard whether something took the order and did not answer
 */
export async function zeroizeFiles(
  around: Around,
  config: Config,
  why: string,
  holdersOf: (path: string) => number[],
  heard: boolean,
): Promise<Zeroized> {
  const done = zeroizeDisk(around, config, why);
  const holders = () => holdersOf(storeOf(config));
  const ran = holders().length > 0;
  const left = ran ? await untilGone(around.clock, holders) : [];
  const runs = left.length > 0 || (heard && !ran);
  const agent = runs ? 'runs' : ran ? 'ended' : 'not_running';
  const failures = runs ? [...done.failures, stillRuns(left)] : done.failures;
  const said =
    agent === 'ended' ? 'told by the agent: its log has the answer' : 'not told: that takes an agent';
  const modules = Object.fromEntries(config.links.map(({ peer }) => [peer, said]));
  return { ...done, failures, keys: null, agent, modules };
}

/** Waits until nobody has the store open, within the time that an agent takes to see the mark and to end. @returns who still has */
async function untilGone(clock: Clock, holders: () => number[]): Promise<number[]> {
  const endMs = clock.monotonicMs() + limits.zeroizedWaitMs;
  for (;;) {
    const left = holders();
    if (left.length === 0 || clock.monotonicMs() >= endMs) return left;
    await new Promise<void>((resolve) => void clock.after(limits.tamperPollMs, resolve));
  }
}

function stillRuns(pids: readonly number[]): string {
  const which = pids.length === 0 ? '' : ` (process ${pids.join(', ')})`;
  return `agent: one runs${which} and did not answer; it has key in memory and may supply it. End it at once (systemctl kill --signal=KILL keyferry), and zeroize the modules by their own means.`;
}

function destroyAll(
  { clock, disk }: Around,
  config: Config,
  why: string,
  discard: () => string[],
): Destroyed {
  const startMs = clock.monotonicMs();
  const failures: string[] = [];
  const attempt = <Result>(what: string, run: () => Result): Result | undefined => {
    try {
      return run();
    } catch (thrown) {
      failures.push(
        `${what}: ${messageOf(thrown)}${thrown instanceof AgentError ? ` ${thrown.remedy}` : ''}`,
      );
      return undefined;
    }
  };
  const { data_directory: directory } = config;
  const nodeKey = attempt('node key', () => destroyNodeKey(disk, config.node_key, directory));
  const files = attempt('key store', discard);
  // Of the node key there may be more than the file that is named: where the store's own key is left, nobody knows.
  const key_destroyed_ms = files === undefined ? null : round(clock.monotonicMs() - startMs);
  attempt('mark of the zeroization', () => markZeroized(disk, directory, why, clock.wallMs()));
  return {
    why,
    key_destroyed_ms,
    node_key: nodeKey ?? 'not destroyed',
    files: files ?? [],
    failures,
    milliseconds: round(clock.monotonicMs() - startMs),
  };
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
