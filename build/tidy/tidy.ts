import { noCircles } from './circles.ts';
import {
  driversSeeLittle,
  everyRoomHasAFloor,
  importsGoDown,
  nothingImportsBuildOrTest,
  portsHoldTheNativeParts,
} from './floors.ts';
import { pureRoomsHaveNoWorld, pureRoomsImportPureRooms, theWorldComesInAtItsDoors } from './purity.ts';
import type { Rule, Violation } from './rule.ts';
import { filesAreShort, namesAreKebabCase } from './shape.ts';
import { type FileMap, parseFiles } from './source-files.ts';

/** The rules of the house. Each is judged by test/tidy.test.ts as well: it has to catch what it is there for. */
export const rules: readonly Rule[] = [
  everyRoomHasAFloor,
  importsGoDown,
  nothingImportsBuildOrTest,
  driversSeeLittle,
  portsHoldTheNativeParts,
  noCircles,
  pureRoomsImportPureRooms,
  pureRoomsHaveNoWorld,
  theWorldComesInAtItsDoors,
  filesAreShort,
  namesAreKebabCase,
];

/** Every breach of `rules` in `files`; a rule that had nothing to judge is one. */
export function tidy(
  files: FileMap,
  judged: readonly Rule[] = rules,
): (Violation & { readonly rule: string })[] {
  const parsed = parseFiles(files);
  return judged.flatMap((rule) => {
    const { looked, violations } = rule.check(parsed);
    if (looked === 0) return [{ rule: rule.name, path: '.', line: 0, message: 'looked at nothing' }];
    return violations.map((violation) => ({ rule: rule.name, ...violation }));
  });
}

/** One breach as a line. */
export function violationLine({ rule, path, line, message }: Violation & { readonly rule: string }): string {
  return `${path}:${line}  ${message} (${rule})`;
}
