import { perFile, type Rule } from './rule.ts';

const LINES_MAX = 300;
const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*$/;

export const filesAreShort: Rule = perFile(
  `no file is longer than ${LINES_MAX} lines`,
  () => true,
  ({ path, text }) => {
    const lines = text.trimEnd().split('\n').length;
    return lines <= LINES_MAX ? [] : [{ path, line: LINES_MAX + 1, message: `has ${lines} lines` }];
  },
);

export const namesAreKebabCase: Rule = perFile(
  'names of files and folders are kebab-case',
  () => true,
  ({ path }) => {
    const odd = path
      .replace(/(\.test|\.long|\.kernel|\.binary|\.d)?\.ts$/, '')
      .split('/')
      .find((part) => !KEBAB.test(part));
    return odd === undefined ? [] : [{ path, line: 1, message: `${odd} is not kebab-case` }];
  },
);
