import type { ConfigFaultCode } from './fault-codes.ts';

/** One thing that is wrong with a configuration file, where it is and what to do about it. */
export type ConfigFault = {
  /** Stable and documented, such as `configuration.unknown_key`. */
  readonly code: ConfigFaultCode;
  /** `kx.peers[0].address`; empty for the file as a whole. */
  readonly path: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in characters. */
  readonly column: number;
  readonly message: string;
  /** What whoever wrote the file does next, as one sentence. */
  readonly remedy: string;
};

export type FaultPath = readonly (string | number)[];

/** A fault before its place in the text is known. */
export type FoundFault = {
  readonly code: ConfigFaultCode;
  readonly at: FaultPath;
  /** The place is the key's, not the value's. */
  readonly onKey?: boolean;
  readonly message: string;
  readonly remedy: string;
};

/** `['kx', 'peers', 0, 'address']` as `kx.peers[0].address`. */
export function pathText(at: FaultPath): string {
  let text = '';
  for (const step of at) text += typeof step === 'number' ? `[${step}]` : `${text === '' ? '' : '.'}${step}`;
  return text;
}

/** One line for a person: `config.yaml:12:5  kx.peers[0].address  message — remedy`. */
export function faultLine(file: string, fault: ConfigFault): string {
  const path = fault.path === '' ? '' : `  ${fault.path}`;
  return `${file}:${fault.line}:${fault.column}${path}  ${fault.message} — ${fault.remedy}`;
}
