/**
 * The one script of the live report: every five seconds it asks for the page anew and puts it in place, with what was unfolded or
 * chosen still so.
 * When the run has ended, what comes is the final report, which is loaded as a page of its own.
 */
const everyMilliseconds = 5_000;

export const refreshScript = `
const again = async () => {
  try {
    const response = await fetch(location.href, { cache: 'no-store' });
    if (!response.ok) throw new Error(response.statusText);
    const page = new DOMParser().parseFromString(await response.text(), 'text/html');
    if (!page.querySelector('script')) return location.reload();
    const open = new Set([...document.querySelectorAll('details[open] > summary')].map((one) => one.textContent));
    const checked = new Set([...document.querySelectorAll('input:checked')].map((one) => one.value));
    document.title = page.title;
    document.querySelector('main').replaceWith(page.querySelector('main'));
    for (const summary of document.querySelectorAll('details > summary'))
      if (open.has(summary.textContent)) summary.parentElement.open = true;
    for (const input of document.querySelectorAll('input')) input.checked = checked.has(input.value);
  } catch {
    document.querySelector('.lost')?.removeAttribute('hidden');
  }
  setTimeout(again, ${everyMilliseconds});
};
setTimeout(again, ${everyMilliseconds});
`;
