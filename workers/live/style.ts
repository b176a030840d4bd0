/** What the live report and the list of runs have beside the reports' style sheet. */
export const liveStyle = `
a { color: var(--sft); }
.whole { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 16px; margin: 0 0 14px; font-variant-numeric: tabular-nums; }
.whole progress { flex: 1 1 240px; height: 14px; accent-color: var(--reft); }
.lost { color: var(--wrong); }
.phases td.wrap, .where td.wrap { text-align: left; }
.sampled .answer { padding-left: 12px; margin-top: 14px; }
`;
