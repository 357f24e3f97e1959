import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('../../docs/wireshark/keyferry-kx.lua', import.meta.url));

/** Why a test that needs tshark (Debian package `tshark`) is skipped; false when it is there. */
export const noTshark: string | false =
  spawnSync('tshark', ['--version']).status === 0 ? false : 'tshark is missing: apt-get install tshark';

/** Runs tshark with our dissector and returns what it prints. @throws when it fails or complains about the script */
export function tshark(parameters: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const all = ['-X', `lua_script:${SCRIPT}`, ...parameters];
    execFile('tshark', all, { maxBuffer: 256 << 20, timeout: 60_000 }, (error, text, complaint) => {
      if (error !== null) reject(new Error(`${error.message} ${complaint}`));
      else if (/lua/i.test(complaint.replaceAll(/^Running as user.*$/gm, ''))) reject(new Error(complaint));
      else resolve(text);
    });
  });
}
