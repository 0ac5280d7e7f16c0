/** Tells when one of some files changed, or something below a folder; several changes at once are one. */
import { existsSync, watch as watchFiles } from 'node:fs';
import path from 'node:path';

/** Milliseconds after a change in which others belong to it: an editor writes, renames and removes. */
const TOGETHER = 100;

/**
 * Returns how to stop.
 *
 * @param files that may be replaced by others of their name; where there is no folder for one, it is not watched
 * @param folders and all that is below them
 */
export function watch(files: readonly string[], folders: readonly string[], changed: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const tell = (): void => {
    clearTimeout(timer);
    timer = setTimeout(changed, TOGETHER);
  };
  const known = [...byFolder(files)].filter(([folder]) => existsSync(folder));
  const watchers = known.map(([folder, names]) =>
    // Not the file: the watch on one ends with it, when an editor puts another in its place.
    watchFiles(folder, (_, name) => {
      if (name === null || names.has(name)) tell();
    }),
  );
  for (const folder of folders) watchers.push(watchFiles(folder, { recursive: true }, tell));
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
}

function byFolder(files: readonly string[]): Map<string, Set<string>> {
  const folders = new Map<string, Set<string>>();
  for (const file of files) {
    const folder = path.dirname(file);
    folders.set(folder, (folders.get(folder) ?? new Set()).add(path.basename(file)));
  }
  return folders;
}
