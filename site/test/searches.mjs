import { load } from './visits.mjs';

// Searches that users may type, mostly in their own words, each with a section that must be among the first
// five results.
export const searches = [
  ['kill a plugin', 'lifecycle.html#the-end'],
  ['timeout', 'calls.html#cancellation-and-deadlines'],
  ['callback', 'calls.html#by-reference'],
  ['progress', 'calls.html#by-reference'],
  ['cancel a call', 'calls.html#cancellation-and-deadlines'],
  ['error handling', 'calls.html#errors'],
  ['RPC_DEADLINE', 'errors.html#rpc_deadline'],
  ['large files', 'calls.html#streams'],
  ['validation', 'calls.html#contracts-with-schemas'],
  ['console.log', 'lifecycle.html#output'],
  ['logging', 'lifecycle.html#the-log'],
  ['zombie process', 'lifecycle.html#when-the-host-goes'],
  ['environment variables', 'lifecycle.html#the-environment'],
  ['retry', 'fleet.html#restart'],
  ['restart after a crash', 'fleet.html#restart'],
  ['hot reload', 'fleet.html#the-dev-loop'],
  ['process pool', 'fleet.html#pool'],
  ['load balancing', 'fleet.html#pool'],
  ['mock', 'testing-plugins.html#testing-a-host'],
  ['unit test', 'testing-plugins.html#the-first-test'],
  ['sandbox', 'isolation.html#plugins-that-you-did-not-write'],
  ['memory limit', 'isolation.html#limits'],
  ['python', 'other-languages.html#python'],
  ['docker', 'beyond-one-machine.html#docker-run--i'],
  ['debugger', 'debugging.html#attach-a-debugger-to-a-plugin'],
  ['performance', '#how-fast'],
  ['electron', 'packaged-hosts.html#electron'],
  ['withCallOptions', 'reference/core/functions/withCallOptions.html#withcalloptions'],
];

/** Types each search. Returns a sentence for each search that does not find its section. */
export async function search(browser, address) {
  const faults = [];
  const context = await browser.newContext();
  const tab = await context.newPage();
  await load(tab, address);
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
    if (!found.includes(new URL(address).pathname + wanted))
      faults.push(`"${words}" finds ${found.join(', ') || 'nothing'}, and not ${wanted}`);
  }
  await context.close();
  return faults;
}
