import { Command } from 'commander';
import { register } from '../../src/cli/simulate-module.ts';

/** The one command as a process of its own. */
const program = new Command('keyferry');
register(program);
await program.parseAsync();
