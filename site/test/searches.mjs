// What users type into the search, and a page that has to be among the first five results.
export const searches = [
  ['stop a plugin', /lifecycle|Client/],
  ['RPC_DEADLINE', /errors\.html#rpc_deadline/],
  ['restart after a crash', /fleet/],
  ['process pool', /fleet|Pool/],
  ['python', /other-languages/],
  ['cancel a call', /calls/],
  ['test in memory', /testing-plugins|testkit/],
  ['electron', /packaged-hosts/],
  ['sandbox', /security|bubblewrap|isolat/],
  ['debugger', /debugging/],
  ['what the plugin prints', /lifecycle|debugging|calls|first-plugin/],
  ['withCallOptions', /functions\/withCallOptions/],
];

/** Types each of them. Returns a sentence for each that does not find its page. */
export async function search(browser, address) {
  const faults = [];
  const context = await browser.newContext();
  const tab = await context.newPage();
  await tab.goto(address);
  await tab.keyboard.press('Control+k');
  const input = tab.locator('#localsearch-input');
  await input.waitFor();
  for (const [words, wanted] of searches) {
    await input.fill('');
    await tab.locator('.results .result').first().waitFor({ state: 'detached' });
    await input.fill(words);
    await tab.locator('.results .result, .no-results').first().waitFor();
    const found = await tab
      .locator('.results .result')
      .evaluateAll((results) => results.slice(0, 5).map((result) => result.getAttribute('href')));
    if (!found.some((href) => wanted.test(href)))
      faults.push(`"${words}" finds ${found.join(', ') || 'nothing'}`);
  }
  await context.close();
  return faults;
}
