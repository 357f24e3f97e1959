import type { Config } from '../config/schema.ts';

/** A configuration, and the SHA-256 of the file that it was read from, where there is one: for the record. */
export type LoadedConfig = { readonly config: Config; readonly sha256?: string | undefined };

/** Where the agent has its configuration from. */
export type Origin = LoadedConfig & {
  /** Reads the file anew, for a reload. @throws AgentError `configuration.…` */
  read?(): LoadedConfig;
  setLogLevel?(level: Config['log']['level']): void;
};
