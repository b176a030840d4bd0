/** Types of `completeLockfile.mjs`, for its test. */
interface Lock {
  readonly packages: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}
export function missingOptionalPackages(lock: Lock): { parent: string; name: string; version: string }[];
export function completeLock<Given extends Lock>(lock: Given): Given;
