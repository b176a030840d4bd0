/** Findings as a table: a line each, in columns. */
import type { Finding } from '../../infra/doctor.js';

export function printTable(findings: readonly Finding[]): void {
  const width = Math.max(...findings.map(({ name }) => name.length));
  for (const { name, status, detail } of findings) console.log(`${name.padEnd(width)}  ${status.padEnd(7)}  ${detail}`);
}
