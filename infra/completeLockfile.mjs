/**
 * Adds to package-lock.json the optional platform packages that npm left out because the registry in use does not serve them.
 *
 * Without their entries `npm ci` rejects the lock and other systems get an install without their compiler or linter binary.
 * Run after each change of dependencies: `npm run lock:complete`. A test holds that nothing is missing.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const lockfile = new URL('../package-lock.json', import.meta.url);

/** Optional dependencies that no entry of the lock provides: `{ parent, name, version }`. */
export function missingOptionalPackages(lock) {
  const missing = [];
  for (const [parent, { optionalDependencies = {} }] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      const provided = `node_modules/${name}` in lock.packages || `${parent}/node_modules/${name}` in lock.packages;
      if (!provided) missing.push({ parent, name, version });
    }
  }
  return missing;
}

/** What npm would write for a platform package; the platform is the end of its name (`@swc/core-linux-ppc64-gnu`). */
function platformEntry(name, version, isDevelopmentOnly) {
  const match = /-(aix|android|darwin|freebsd|linux|netbsd|openbsd|sunos|win32)-([a-z0-9]+)(?:-(\w+))?$/.exec(name);
  if (!match) throw new Error(`Cannot tell the platform of ${name} from its name; add its entry by hand.`);
  const [, os, cpu, abi] = match;
  return {
    version,
    cpu: [cpu],
    ...(isDevelopmentOnly ? { dev: true } : {}),
    ...(os === 'linux' ? { libc: [abi === 'musl' ? 'musl' : 'glibc'] } : {}),
    optional: true,
    os: [os],
  };
}

/** The lock with every optional package entered, in npm's order. */
export function completeLock(lock) {
  const added = missingOptionalPackages(lock).map(({ parent, name, version }) => [
    `node_modules/${name}`,
    platformEntry(name, version, lock.packages[parent].dev === true),
  ]);
  const entries = [...Object.entries(lock.packages), ...added];
  entries.sort(([left], [right]) => left.localeCompare(right, 'en'));
  return { ...lock, packages: Object.fromEntries(entries) };
}

if (import.meta.main ?? process.argv[1] === new URL(import.meta.url).pathname) {
  const lock = JSON.parse(readFileSync(lockfile, 'utf8'));
  console.log(`${missingOptionalPackages(lock).length} optional packages added to package-lock.json`);
  writeFileSync(lockfile, `${JSON.stringify(completeLock(lock), null, 2)}\n`);
}
