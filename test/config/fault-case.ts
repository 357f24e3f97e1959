import type { ConfigFaultCode } from '../../src/config/fault-codes.ts';

export type FaultCase = {
  readonly code: ConfigFaultCode;
  /** A piece of `sound` (fault-cases.ts), found once. */
  readonly replace: string;
  readonly by: string;
  readonly path: string;
  /** `line:column`. */
  readonly place: string;
  /** Part of the remedy. */
  readonly remedy: string;
};
