import { Worker } from 'node:worker_threads';
import type { Found, Order } from './worker.ts';

/**
 * Runs cases in a thread, and ends it when it stands still.
 * @param stallMs how long one case may take at most
 */
export function fuzz(order: Omit<Order, 'progress'>, stallMs: number): Promise<Found> {
  const progress = new SharedArrayBuffer(4);
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: { ...order, progress },
    resourceLimits: { maxOldGenerationSizeMb: 512 },
  });
  return new Promise((resolve, reject) => {
    const count = new Int32Array(progress);
    let [last, still] = [0, 0];
    const watch = setInterval(() => {
      const now = Atomics.load(count, 0);
      still = now === last ? still + 1 : 0;
      last = now;
      // A thread that has not begun yet is still reading its sources.
      if (now === 0 || still * TICK_MS < stallMs) return;
      const where = `seed ${order.seed}, case ${order.first + now - 1}`;
      settle(() => resolve({ [order.bugs.at(-1) ?? '']: `${where}: no end after ${stallMs} ms` }));
      void worker.terminate();
    }, TICK_MS);
    const settle = (end: () => void) => {
      clearInterval(watch);
      end();
    };
    worker.once('message', (found: Found) => settle(() => resolve(found)));
    worker.once('error', (error) => settle(() => reject(error)));
  });
}

const TICK_MS = 100;
