/**
 * Which form of the code runs: the TypeScript of a checkout, by the loader tsx, or the JavaScript of a package (`infra/package`). Whoever
 * starts a process or a thread has to name a file, and to give it the loader where it needs one.
 */
export const isCompiled = !import.meta.url.endsWith('.ts');

/**
 * The file of a module, in the form that runs.
 * @param path relative, without an ending
 * @param from `import.meta.url` of whoever names it
 */
export function moduleAt(path: string, from: string): URL {
  return new URL(`${path}${isCompiled ? '.js' : '.ts'}`, from);
}
