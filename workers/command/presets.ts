/** `reft presets`: what there is to start from. */
import { comparisonPresets, presets } from '../../workflows/config/presets/index.js';

interface Row {
  readonly name: string;
  readonly command: 'run' | 'compare';
  readonly purpose: string;
  /** The least GPU, in GiB; null where a machine without one will do. */
  readonly gpuGiB: number | null;
}

export function listPresets({ json = false }: { readonly json?: boolean }): void {
  const rows = [...rowsOf('run', presets), ...rowsOf('compare', comparisonPresets)];
  if (json) {
    console.log(JSON.stringify(rows, null, 2));
    return;
  }
  for (const { name, command, purpose, gpuGiB } of rows) {
    const needs = gpuGiB === null ? '' : ` (a GPU of ${gpuGiB} GiB)`;
    console.log(`npx reft ${command} ${name}${needs}\n    ${purpose}`);
  }
}

function rowsOf(
  command: Row['command'],
  known: Readonly<Record<string, { readonly purpose: string; readonly gpuGiB?: number }>>,
): readonly Row[] {
  return Object.entries(known).map(([name, { purpose, gpuGiB = null }]) => ({ name, command, purpose, gpuGiB }));
}
