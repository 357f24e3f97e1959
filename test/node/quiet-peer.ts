import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';

// A plain peer that connects to HOST PORT with the certificate of A in DIRECTORY, says "up" on standard output, and nothing else to anybody.
const [directory = '', host = '', port = ''] = process.argv.slice(2);
const read = (name: string) => readFileSync(join(directory, name));
const files = { cert: read('nodes/A/kx.pem'), key: read('nodes/A/kx.key'), ca: read('kx-ca.pem') };
const at = { host, port: Number(port), checkServerIdentity: () => undefined };
const socket = connect({ ...files, ...at }, () => process.stdout.write('up\n'));
socket.on('error', () => process.exit(1));
socket.resume();
