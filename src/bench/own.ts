import { bridgeBenchmarks } from './bridge.ts';
import { burnBenchmarks } from './burn.ts';
import { codecBenchmarks } from './codec.ts';
import type { Benchmark } from './harness.ts';
import { storeBenchmarks } from './store.ts';

/** What a node's own machine is to be judged by, and needs nothing but the agent itself: `keyferry bench` has these. */
export const ownBenchmarks: readonly Benchmark[] = [
  ...codecBenchmarks,
  ...bridgeBenchmarks,
  ...storeBenchmarks,
  ...burnBenchmarks,
];
