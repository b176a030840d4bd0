/** What the live report and the list of runs have beside the reports' style sheet. */
export const liveStyle = `
:root { --run-1: #2f7fd1; --run-2: #d4572a; --run-3: #1f883d; --run-4: #7a5ec8; --run-5: #8a919c; --run-6: #b8860b; }
@media (prefers-color-scheme: dark) {
  :root { --run-1: #62a8ef; --run-2: #f08355; --run-3: #4cb867; --run-4: #a78bfa; --run-5: #99a1ad; --run-6: #e0b040; }
}
${[1, 2, 3, 4, 5, 6].map((number) => `.run-${number} { --colour: var(--run-${number}); }`).join('\n')}
button { font: inherit; padding: 6px 14px; margin: 14px 0 0; }
a { color: var(--sft); }
.whole { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 16px; margin: 0 0 14px; font-variant-numeric: tabular-nums; }
.whole progress { flex: 1 1 240px; height: 14px; accent-color: var(--reft); }
.lost { color: var(--wrong); }
.phases tr > :last-child, .where td.wrap { text-align: left; overflow-wrap: normal; }
.phases td.wrap { min-width: 220px; }
.sampled .answer { padding-left: 12px; margin-top: 14px; }
`;
