// Tests the site by the keyboard alone.
import { load } from './visits.mjs';

/** Returns a sentence for each step that does not work by the keyboard. */
export async function useKeyboard(browser, address) {
  const faults = [];
  const context = await browser.newContext();
  const tab = await context.newPage();
  const expectThat = async (what, holds) => {
    if (!(await holds().catch(() => false))) faults.push(`with the keyboard alone: ${what}`);
  };
  const box = tab.locator('.VPLocalSearchBox');

  await load(tab, `${address}calls.html`);
  await tab.keyboard.press('Tab');
  await expectThat('the first stop skips to the content', () =>
    tab.evaluate(() => document.activeElement.getAttribute('href') === '#VPContent'),
  );
  await tab.keyboard.press('/');
  await expectThat('a slash opens the search', () => box.waitFor().then(() => true));
  await tab.locator('#localsearch-input').fill('restart');
  await tab.locator('.results .result').first().waitFor();
  await tab.keyboard.press('Enter');
  await expectThat('Enter opens the first result', () =>
    tab.waitForURL((url) => !url.pathname.endsWith('calls.html')).then(() => true),
  );
  await tab.keyboard.press('Control+k');
  await box.waitFor();
  await tab.keyboard.press('Escape');
  await expectThat('Escape closes the search', () => box.waitFor({ state: 'detached' }).then(() => true));
  await context.close();
  return faults;
}
