import type { ConfigFaultCode } from '../../src/config/fault-codes.ts';

export type FaultCase = {
  readonly code: ConfigFaultCode;
  /** A piece of `sound`, found once. */
  readonly replace: string;
  readonly by: string;
  readonly path: string;
  /** `line:column`. */
  readonly place: string;
  /** Part of the remedy. */
  readonly remedy: string;
};

export function at(
  code: string,
  replace: string,
  by: string,
  path: string,
  place: string,
  remedy: string,
): FaultCase {
  return { code: `configuration.${code}` as ConfigFaultCode, replace, by, path, place, remedy };
}
