import type { Rule, Violation } from './rule.ts';
import { perFile } from './rule.ts';
import type { Import, SourceFile } from './source-files.ts';

/** The rooms and their floors: ARCHITECTURE.md draws them. A room is a folder, or a file by itself. */
const FLOORS: Readonly<Record<string, number>> = {
  'src/main.ts': 8,
  'src/cli': 7,
  'src/agent': 6,
  'src/control': 5,
  'src/kma': 4,
  'src/ksa': 4,
  'src/probe': 4,
  'src/bench': 4,
  'src/store': 3,
  'src/kx': 3,
  'src/observe': 3,
  'src/audit': 3,
  'src/node': 3,
  'src/simulator': 3,
  'src/pki': 3,
  drivers: 3,
  // The contract by itself: types that other rooms speak of as well.
  'drivers/driver.ts': 2,
  'src/keys': 2,
  'src/config': 2,
  'src/env': 2,
  'src/disk': 2,
  'firmware-bridge': 2,
  'src/bytes': 1,
  'src/secret': 1,
  'src/errors.ts': 0,
  'src/limits.ts': 0,
  'src/key-limits.ts': -1,
  'src/version.ts': 0,
};

/**
 * What is no lower floor and still may be imported: src/env holds the interfaces of the outside world, which the rooms
 * beside it take as arguments.
 */
const BESIDE: readonly (readonly [from: string, to: string])[] = [
  ['drivers/driver.ts', 'src/env'],
  ['src/keys', 'src/env'],
  ['firmware-bridge', 'src/env'],
  ['src/disk', 'src/env'],
];

/** src/agent.ts is the front door of src/agent/. */
export function roomOf(path: string): string {
  if (path === 'drivers/driver.ts') return path;
  if (path === 'src/agent.ts') return 'src/agent';
  const [top, second] = path.split('/');
  return top === 'src' && second !== undefined ? `src/${second}` : (top ?? '');
}

const inHouse = (path: string) => /^(src|drivers|firmware-bridge)\//.test(path);

export const everyRoomHasAFloor: Rule = perFile('every room has a floor', inHouse, ({ path }) =>
  FLOORS[roomOf(path)] === undefined
    ? [
        {
          path,
          line: 1,
          message: `${roomOf(path)} is no room of the house: give it a floor in build/tidy/floors.ts`,
        },
      ]
    : [],
);

export const importsGoDown: Rule = perFile('a room imports from floors below it only', inHouse, (file) =>
  eachImport(file, ({ target }) => {
    const from = roomOf(file.path);
    if (target === undefined || !inHouse(target)) return undefined;
    const to = roomOf(target);
    if (from === to || FLOORS[to]! < FLOORS[from]!) return undefined;
    if (BESIDE.some(([a, b]) => a === from && b === to)) return undefined;
    return `${from} (floor ${FLOORS[from]}) imports ${to} (floor ${FLOORS[to]})`;
  }),
);

export const nothingImportsBuildOrTest: Rule = perFile(
  'nothing that ships imports build or test',
  inHouse,
  (file) =>
    eachImport(file, ({ target }) =>
      target !== undefined && !inHouse(target) && /^(build|test)\//.test(target)
        ? `imports ${target}`
        : undefined,
    ),
);

/** A driver sees the contract, a port and the bridge (also the part that all bridge drivers share), and of the agent only interfaces and bytes. */
const DRIVER_SEES =
  /^(drivers\/driver\.ts$|drivers\/(ports|bridge)\/|firmware-bridge\/|src\/(env|bytes|secret)\/|src\/(errors|limits)\.ts$)/;

export const driversSeeLittle: Rule = perFile(
  'a driver sees the contract, a port, the bridge, and nothing of other drivers',
  (path) => /^drivers\/[^/]+\//.test(path),
  (file) => {
    const own = file.path.split('/').slice(0, 2).join('/');
    return eachImport(file, ({ target }) =>
      target === undefined || target.startsWith(`${own}/`) || DRIVER_SEES.test(target)
        ? undefined
        : `imports ${target}`,
    );
  },
);

export const portsHoldTheNativeParts: Rule = perFile(
  'only drivers/ports imports serialport and node-hid',
  (path) => !/^(build|test)\//.test(path),
  (file) =>
    eachImport(file, ({ specifier }) =>
      /^(@serialport|serialport|node-hid)(\/|$)/.test(specifier) && !file.path.startsWith('drivers/ports/')
        ? `imports ${specifier}`
        : undefined,
    ),
);

export function eachImport(file: SourceFile, judge: (one: Import) => string | undefined): Violation[] {
  return file.imports.flatMap((one) => {
    const message = judge(one);
    return message === undefined ? [] : [{ path: file.path, line: one.line, message }];
  });
}
