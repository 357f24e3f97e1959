import type { Command } from 'commander';

export type SocketOptions = { readonly socket: string; readonly config?: string };

const SOCKET_DEFAULT = '/run/keyferry/control.sock';

/** How a command finds the agent that it speaks to. */
export function socketOption(command: Command): Command {
  return command
    .option('--socket <PATH>', 'control socket of the agent', SOCKET_DEFAULT)
    .option('--config <FILE>', 'take the socket from this configuration file');
}

export async function socketOf(options: SocketOptions): Promise<string> {
  if (options.config === undefined) return options.socket;
  const { loadConfig } = await import('../config/load.ts');
  return loadConfig(options.config).control.socket;
}
