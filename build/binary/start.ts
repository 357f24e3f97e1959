/**
 * Part of the binary, and all that Node.js reads of it by itself: starts the agent's bundle, which lies beside it together with what V8 has
 * made of it when the binary was built. To compile it anew would take longer than all the rest of a start.
 */
import { getRawAsset } from 'node:sea';
import { Script } from 'node:vm';
import { version } from '../../src/version.ts';

const [, , first] = process.argv;
// Who asks for that alone need not wait for the rest.
if (first === '--version' || first === '-V') process.stdout.write(`${version}\n`);
else start();

function start(): void {
  // The bundle is ASCII: each byte is a character.
  const source = Buffer.from(getRawAsset('keyferry.cjs')).toString('latin1');
  const cachedData = Buffer.from(getRawAsset('code-cache'));
  const script = new Script(source, { filename: 'keyferry.cjs', cachedData });
  script.runInThisContext()(require, script.cachedDataRejected !== true);
}
