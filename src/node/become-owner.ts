import { statSync } from 'node:fs';

/**
 * Where root runs this for a node of another user: from now on this process has that user's rights alone, so that what it makes is theirs, and nothing
 * that they may have put in its way leads it to files of others. The user is the owner of the first of these paths that is not root's.
 */
export function becomeOwnerOf(...paths: readonly string[]): void {
  if (process.geteuid?.() !== 0) return;
  const owner = paths
    .map((path) => statSync(path, { throwIfNoEntry: false }))
    .find((found) => found !== undefined && found.uid !== 0);
  if (owner === undefined) return;
  process.setgroups!([]);
  process.setegid!(owner.gid);
  process.seteuid!(owner.uid);
}
