/** Numbers as blocks of different heights. */
import { expect, it } from 'vitest';
import { sparkline } from '../../workers/command/sparkline.js';

it.each([
  [[], ''],
  [[1], ''],
  [[0, 7], '▁█'],
  [[0, 1, 2, 3, 4, 5, 6, 7], '▁▂▃▄▅▆▇█'],
  [[-5, -1], '▁█'],
  [[3, 3, 3], '▁▁▁'],
  [[0, Number.NaN, 1], '▁█'],
  [[0, 2, 6, 8, 100, 100], '▁▁█'],
])('%j is %s', (values, line) => {
  expect(sparkline(values, values.length === 6 ? 3 : 10)).toBe(line);
});
