import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Why no Debian can be made here; false when one can. */
export function whyNoDebian(): string | false {
  if (process.getuid?.() !== 0) return 'a root file system is made by root';
  const missing = ['debootstrap', 'mke2fs', 'dpkg-deb'].filter(
    (name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0,
  );
  return missing.length === 0
    ? false
    : `missing: ${missing.join(', ')} (Debian: apt-get install debootstrap e2fsprogs)`;
}

/** A fresh Debian with systemd in `root`, no more, from where this machine has its own packages. */
export function debootstrap(root: string): void {
  const include = '--include=systemd,systemd-sysv,udev,dbus,libstdc++6,libudev1';
  execFileSync('debootstrap', ['--variant=minbase', include, 'bookworm', root, ...mirror()], {
    stdio: 'ignore',
  });
}

/** What this machine's apt takes packages from; debootstrap's own idea when that cannot be told. */
function mirror(): string[] {
  const said = spawnSync('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages'], {
    encoding: 'utf8',
  });
  const [first] = said.stdout.split('\n').filter((line) => /^https?:/.test(line));
  return first === undefined ? [] : [first];
}

export function inRoot(
  root: string,
  ...command: string[]
): { readonly status: number | null; readonly text: string } {
  const { status, stdout, stderr } = spawnSync('chroot', [root, ...command], { encoding: 'utf8' });
  return { status, text: stdout + stderr };
}

/** Installs a package file. @throws with what dpkg said when it can't */
export function install(root: string, deb: string): void {
  copyFileSync(deb, join(root, 'tmp/keyferry.deb'));
  const { status, text } = inRoot(root, 'dpkg', '--install', '/tmp/keyferry.deb');
  if (status !== 0) throw new Error(text);
}

/** What an operator puts onto a node: its configuration, files that the configuration names, and the file of its node key, all relative to `folder`. */
export type Commission = { readonly folder: string; readonly config: string; readonly nodeKey: string };

/**
 * Commissions the node as an operator would: everything in /etc/keyferry, the node key as an encrypted credential. The guest then does
 * what test/kernel/try-service says.
 */
export function commission(root: string, { folder, config, nodeKey }: Commission): void {
  const etc = join(root, 'etc/keyferry');
  for (const name of readdirSync(folder))
    if (name !== 'run') cpSync(join(folder, name), join(etc, name), { recursive: true });
  writeFileSync(join(etc, 'config.yaml'), config);
  inRoot(root, 'systemd-machine-id-setup');
  const key = join('/etc/keyferry', nodeKey);
  const sealed = inRoot(
    root,
    'systemd-creds',
    'encrypt',
    '--name=node-key',
    key,
    '/etc/keyferry/node-key.cred',
  );
  if (sealed.status !== 0) throw new Error(sealed.text);
  inRoot(
    root,
    'sh',
    '-c',
    `rm ${key}; mkdir -p /media/guard; chown keyferry: /media/guard; chown -R keyferry:keyferry /etc/keyferry/*; chown root: /etc/keyferry/node-key.cred`,
  );
  copyFileSync(join(import.meta.dirname, 'try-service'), join(root, 'usr/local/bin/try-service'));
  const system = join(root, 'etc/systemd/system');
  writeFileSync(
    join(system, 'try.service'),
    '[Unit]\nAfter=keyferry.service\n[Service]\nExecStart=/usr/local/bin/try-service\n[Install]\nWantedBy=multi-user.target\n',
  );
  mkdirSync(join(system, 'keyferry.service.d'));
  // Sooner than a node would want it.
  writeFileSync(join(system, 'keyferry.service.d/test.conf'), '[Service]\nWatchdogSec=10\n');
  chmodSync(join(system, 'keyferry.service.d/test.conf'), 0o644);
  writeFileSync(join(root, 'etc/systemd/system.conf'), '[Manager]\nShowStatus=no\n');
  writeFileSync(join(root, 'etc/fstab'), '/dev/vda / ext4 rw 0 1\n');
  inRoot(root, 'systemctl', 'enable', 'try.service');
  inRoot(root, 'systemctl', 'mask', 'serial-getty@ttyS0.service');
}
