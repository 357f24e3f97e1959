import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--allow-natives-syntax');

/**
 * Runs all that promises have made due, and what follows from it, until nothing is due any more. Only from a callback of the event loop: within a
 * promise's own it does nothing. To go round the event loop in its place would cost a system call for every event.
 */
export const runMicrotasks = new Function('%PerformMicrotaskCheckpoint()') as () => void;
