import type { Command } from 'commander';
import { loadConfig } from '../config/load.ts';

export type SocketOptions = { readonly socket: string; readonly config?: string };

const SOCKET_DEFAULT = '/run/keyferry/control.sock';

/** How a command finds the agent that it speaks to. */
export function socketOption(command: Command): Command {
  return command
    .option('--socket <PATH>', 'control socket of the agent', SOCKET_DEFAULT)
    .option('--config <FILE>', 'take the socket from this configuration file');
}

export function socketOf(options: SocketOptions): string {
  return options.config === undefined ? options.socket : loadConfig(options.config).control.socket;
}
