/** What a configuration is read from: all that is outside, so that tests have their own. */
export interface World {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** All values of a flag, in order; of one that takes none, an empty one. */
  valuesOf(flag: string): readonly string[];
  /** The text of a file, by its whole path. Throws what `readFileSync` throws. */
  read(file: string): string;
}

/** Why a file has no text, as the rest of a sentence. */
export interface Unread {
  readonly why: string;
  readonly isAbsent: boolean;
}

export function readText(world: World, file: string): string | Unread {
  try {
    return world.read(file);
  } catch (error) {
    switch ((error as NodeJS.ErrnoException).code) {
      case 'ENOENT':
      case 'ENOTDIR':
        return { why: 'is not there', isAbsent: true };
      case 'EACCES':
      case 'EPERM':
        return { why: 'this user may not read', isAbsent: false };
      case 'EISDIR':
        return { why: 'is a folder', isAbsent: false };
      default:
        return { why: `cannot be read (${(error as Error).message})`, isAbsent: false };
    }
  }
}
