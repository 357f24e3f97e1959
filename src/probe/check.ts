import type { Probe } from './probe.ts';

/** `not-answered`: the KM said nothing, or would not have it; the Recommendation does not say that it must. */
export type Result = 'pass' | 'fail' | 'not-answered';
export type Verdict = { readonly result: Result; readonly reason: string };

/** One thing that a KM is tested for. */
export type Check = {
  /** In kebab-case, unique. */
  readonly name: string;
  /** What is asked for, as a claim. */
  readonly title: string;
  /** Where it is asked for. */
  readonly clause: string;
  /** The only manner of speaking in which it makes sense; both when left out. */
  readonly protocol?: 'plain' | 'keyferry';
  /** It sends key, which TLS alone protects. */
  readonly needsKey?: true;
  /** It misbehaves: afterwards the KM has to serve a good connection as before. */
  readonly hostile?: true;
  /** Without it nothing else can be tested. */
  readonly essential?: true;
  /** Bounded in time by the runner, which also ends whatever connections are left. @throws Error with a reason: it fails */
  run(probe: Probe): Promise<Verdict>;
};

export const pass = (reason: string): Verdict => ({ result: 'pass', reason });
export const fail = (reason: string): Verdict => ({ result: 'fail', reason });
export const notAnswered = (reason: string): Verdict => ({ result: 'not-answered', reason });
