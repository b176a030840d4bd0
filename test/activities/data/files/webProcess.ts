/** A process of its own that reads data files and prints, as JSON, what became of each. Run by https.test.ts, with a certificate to trust. */
import type { DataFileSpec } from '../../../../workflows/config/data.js';
import { fileAccess, readDataFile } from '../sourceAccess.js';

export interface Outcome {
  /** The file's hash, or the error's name and message. */
  readonly sha256?: string;
  readonly name?: string;
  readonly message?: string;
}

const specs: readonly DataFileSpec[] = JSON.parse(process.argv[2] ?? '[]');
const access = fileAccess(undefined);
const outcomes: Outcome[] = [];
for (const spec of specs)
  outcomes.push(
    await readDataFile(spec, access).then(
      ({ file }) => ({ sha256: file.sha256 }),
      ({ name, message }: Error) => ({ name, message }),
    ),
  );
console.log(JSON.stringify(outcomes));
