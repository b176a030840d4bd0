/**
 * The row `demo` of the device script: `reft run demo` end to end on the device that REFT_DEVICE names, with Temporal and S3, printed as a
 * line of JSON. With --small it is the preset `smoke`. Servers are those that the environment names, else local ones.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const command = fileURLToPath(new URL('../../../workers/bin/reft.js', import.meta.url));
const preset = process.argv.includes('--small') ? 'smoke' : 'demo';
const start = performance.now();
const child = spawn(process.execPath, [command, 'run', preset, '--id', `device-${preset}-${process.pid}`], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
let text = '';
child.stdout.setEncoding('utf8').on('data', (more) => {
  text += more;
  process.stderr.write(more);
});
const code = await new Promise((resolve) => child.once('close', resolve));
/** The result's table: rows of a name and columns of percentages. */
const table = text.split('\n').filter((line) => /│.*\d/.test(line));
const results = Object.fromEntries(
  table.map((line) => {
    const [name, ...cells] = line.replace(/^│|│$/g, '').split('│');
    return [name.trim(), cells.map((cell) => cell.trim())];
  }),
);
const seconds = Math.round((performance.now() - start) / 100) / 10;
const row = { row: 'demo', device: process.env.REFT_DEVICE ?? 'cpu', preset, seconds, results };
console.log(JSON.stringify(code === 0 ? row : { ...row, error: `reft run ended with ${code}` }));
process.exitCode = code === 0 ? 0 : 1;
