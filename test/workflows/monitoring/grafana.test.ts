/** The Grafana dashboard asks for gauges that there are: those of metrics with a title, and the families. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { metricNames } from '../../../workflows/config/metricTitles.js';

interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[];
}

const file = fileURLToPath(new URL('../../../workflows/monitoring/grafana.json', import.meta.url));
const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const known = new Set(
  [...metricNames.map(snakeCase), 'reward_part', 'failed', 'round', 'warning'].map((name) => `reft_${name}`),
);

it('each panel has gauges that a worker sets, and keeps to the chosen runs', () => {
  const { panels } = JSON.parse(readFileSync(file, 'utf8')) as Dashboard;
  expect(panels.length).toBeGreaterThan(8);
  for (const { title, targets } of panels)
    for (const { expr } of targets) {
      const asked = [...expr.matchAll(/\breft_\w+/g)].map(([name]) => name.replace(/_below_zero$/, ''));
      expect(asked.length, title).toBeGreaterThan(0);
      for (const name of asked) expect(known, `${title}: ${name}`).toContain(name);
      expect(expr).toContain('{run=~"$run"}');
    }
});
