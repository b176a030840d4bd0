/** The report's style sheet, light and dark, from a phone's width up. */
import { methodNames, trainingPhaseOf } from '../../workflows/config/methods.js';

/** Of every method but SFT, by its name and by its phase's. */
const methodClasses = [...new Set(methodNames.flatMap((method) => [method, trainingPhaseOf(method)]))]
  .filter((name) => name !== 'sft')
  .map((name) => `.${name}`)
  .join(', ');

export const style = `
:root {
  color-scheme: light dark;
  --page: #fbfaf8; --card: #ffffff; --edge: #e6e3dd; --ink: #1f2328; --soft: #656d76; --faint: #eeece7;
  --warm-up: #8a919c; --sft: #2f7fd1; --reft: #d4572a; --reward-model: #7a5ec8; --right: #1f883d; --wrong: #c93c37;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #131519; --card: #1b1e24; --edge: #2e333b; --ink: #e8e9eb; --soft: #9aa3ae; --faint: #262a31;
    --warm-up: #99a1ad; --sft: #62a8ef; --reft: #f08355; --reward-model: #a78bfa; --right: #4cb867; --wrong: #f0716b;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif;
}
main { max-width: 1120px; margin: 0 auto; padding: 48px 24px 72px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 8px; letter-spacing: -0.015em; overflow-wrap: anywhere; }
h2 { font-size: 20px; margin: 52px 0 14px; letter-spacing: -0.01em; }
h3 { font-size: 15px; margin: 26px 0 10px; color: var(--soft); font-weight: 600; }
p { margin: 0 0 12px; max-width: 72ch; }
.soft { color: var(--soft); }
.lead { font-size: 18px; }
code, pre { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 13px; }
.card { background: var(--card); border: 1px solid var(--edge); border-radius: 10px; padding: 18px 20px; min-width: 0; }
.grid-of-cards { display: grid; gap: 16px; grid-template-columns: repeat(auto-fill, minmax(min(310px, 100%), 1fr)); }
.two { grid-template-columns: repeat(auto-fill, minmax(min(460px, 100%), 1fr)); align-items: start; }

.warmUp, .warm-up { --colour: var(--warm-up); }
.sft { --colour: var(--sft); }
/* One method beside SFT in a report. */
${methodClasses} { --colour: var(--reft); }
.reward-model { --colour: var(--reward-model); }

.headline { display: grid; gap: 16px; grid-template-columns: repeat(auto-fit, minmax(min(150px, 100%), 1fr)); margin-top: 26px; }
.headline .card { border-top: 4px solid var(--colour); }
.headline b { display: block; font-size: 38px; line-height: 1.15; letter-spacing: -0.02em; font-variant-numeric: tabular-nums; }
.headline b small { font-size: 20px; font-weight: 500; color: var(--soft); }
.headline span { font-size: 14px; }

.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 15px; }
th, td { text-align: right; padding: 9px 12px; border-bottom: 1px solid var(--edge); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
th:last-child, td:last-child { padding-right: 0; }
td.wrap { white-space: normal; overflow-wrap: anywhere; }
tr:last-child > * { border-bottom: 0; }
thead th { font-weight: 600; color: var(--soft); font-size: 14px; }
tbody th { font-weight: 500; }
td b { font-size: 16px; }
td small { display: block; color: var(--soft); font-size: 13px; }
tfoot td, tfoot th { font-weight: 600; border-top: 1px solid var(--edge); }
.swatch { display: inline-block; width: 10px; height: 10px; border-radius: 50%; background: var(--colour); margin-right: 7px; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: 14px; color: var(--soft); }

figure { margin: 0; }
figcaption { display: flex; justify-content: space-between; gap: 12px; font-size: 14px; font-weight: 600; margin-bottom: 6px; }
figcaption span { color: var(--soft); font-weight: 400; white-space: nowrap; font-variant-numeric: tabular-nums; }
.chart { display: block; width: 100%; height: auto; overflow: visible; }
.chart.wide { min-width: 640px; }
.chart text { font-size: 11.5px; fill: var(--soft); font-variant-numeric: tabular-nums; }
.chart .name { fill: var(--ink); font-size: 13px; }
.chart .value { fill: var(--ink); font-size: 12px; font-weight: 600; }
.chart .grid { stroke: var(--faint); }
.chart .axis, .chart .mark { stroke: var(--edge); }
.chart .curve { fill: none; stroke: var(--colour); stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
.chart .dot { fill: var(--colour); stroke: transparent; stroke-width: 10; }
.chart .dot.quiet { opacity: 0; }
.chart .dot:hover { opacity: 1; stroke: var(--colour); stroke-width: 4; }
.chart .interval { stroke: var(--colour); stroke-width: 5; stroke-linecap: round; opacity: 0.35; }
.chart .estimate { fill: var(--colour); }

.answer { border-left: 4px solid var(--mark); }
.answer.right { --mark: var(--right); }
.answer.wrong { --mark: var(--wrong); }
.answer p { margin: 0 0 10px; font-size: 15px; overflow-wrap: anywhere; }
.answer pre { margin: 0 0 12px; }
.answer dl { display: flex; flex-wrap: wrap; gap: 4px 22px; margin: 0; font-size: 14px; }
.answer dt { display: inline; color: var(--soft); margin-right: 6px; }
.answer dd { display: inline; margin: 0; font-weight: 600; overflow-wrap: anywhere; }
.answer .verdict { color: var(--mark); }
pre { background: var(--faint); border-radius: 6px; padding: 10px 12px; line-height: 1.5; white-space: pre-wrap; overflow-wrap: anywhere; }
details summary { cursor: pointer; }
details pre { margin: 14px 0 0; }
.more { margin-top: 14px; }
.more summary { color: var(--soft); font-size: 14px; margin-bottom: 12px; }
.explain { margin: 14px 0 0; font-size: 14px; }
.explain dt { font-weight: 600; display: inline; }
.explain dd { display: inline; margin: 0 0 0 6px; }
ul { padding-left: 20px; margin: 0; }
footer { margin-top: 56px; font-size: 14px; color: var(--soft); overflow-wrap: anywhere; }
@media (max-width: 560px) {
  main { padding: 28px 16px 48px; }
  h1 { font-size: 25px; }
  h2 { margin-top: 40px; }
  .card { padding: 14px; }
  .headline { grid-template-columns: repeat(auto-fit, minmax(96px, 1fr)); gap: 10px; }
  .headline b { font-size: 26px; }
  .headline b small { font-size: 15px; }
  th, td { padding: 8px 5px; }
  .metrics { font-size: 14px; }
  .metrics th { white-space: normal; }
  .metrics thead th { white-space: nowrap; }
  .metrics .swatch { display: none; }
  .metrics small { font-size: 12px; }
}
@media print { body { background: none; } .card { break-inside: avoid; } }
`;
