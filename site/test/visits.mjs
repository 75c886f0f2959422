// Opens every page in the browser: pages of the guide by their address, and pages of the reference by links.
// No page may scroll sideways on a phone or a desktop, or write to the console. The text of a page must be
// readable in both themes.
import axe from 'axe-core';

const widths = { desktop: { width: 1280, height: 800 }, phone: { width: 360, height: 740 } };
const themes = ['light', 'dark'];

/** Visits the pages in `tabs` tabs at the same time. Returns a sentence for each fault. */
export async function visit(browser, address, pages, { tabs, hasContrastChecked }) {
  const faults = [];
  const queue = [...pages];
  await Promise.all(
    Array.from({ length: tabs }, async () => {
      const context = await browser.newContext({ viewport: widths.desktop, colorScheme: 'light' });
      const tab = await context.newPage();
      let page = '';
      const fault = (text) => faults.push(`${page}: ${text}`);
      tab.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) fault(`the console says: ${message.text()}`);
      });
      tab.on('pageerror', (error) => fault(`threw ${error.message}`));
      tab.on('response', (response) => {
        if (response.status() >= 400) fault(`${response.url()} answers ${response.status()}`);
      });
      for (page = queue.shift(); page !== undefined; page = queue.shift()) {
        await (page.startsWith('reference/') && tab.url().startsWith(address) ? follow : load)(
          tab,
          address + page,
        );
        for (const text of await widthFaults(tab)) fault(text);
        if (hasContrastChecked(page)) for (const text of await contrastFaults(tab)) fault(text);
      }
      await context.close();
    }),
  );
  return faults;
}

/** Opens a page by its address, and waits until the page reacts to keys and clicks. */
export async function load(tab, url) {
  await tab.goto(url);
  await tab.waitForFunction(() => document.querySelector('#app')?.__vue_app__ !== undefined, undefined, {
    polling: 100,
  });
}

/**
 * Goes to a page by a click on a link, as readers of the reference do. The browser then fetches and draws
 * only the parts in which the new page differs from the old one.
 */
async function follow(tab, url) {
  await tab.evaluate(
    (href) => Object.assign(document.body.appendChild(document.createElement('a')), { href }).click(),
    url,
  );
  const path = new URL(url).pathname.replace(/(^|\/)index\.html$/, '$1');
  const name = path.replaceAll(/[./]+/g, '_').replace(/_html$/, '');
  await tab.waitForFunction((name) => document.querySelector('.vp-doc')?.classList.contains(name), name, {
    polling: 100,
  });
}

async function widthFaults(tab) {
  const faults = [];
  for (const [name, size] of Object.entries(widths)) {
    await tab.setViewportSize(size);
    const { scrollWidth, clientWidth } = await tab.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement;
      return { scrollWidth, clientWidth };
    });
    if (scrollWidth > clientWidth) faults.push(`is ${scrollWidth} wide on a ${name} of ${clientWidth}`);
  }
  return faults;
}

async function contrastFaults(tab) {
  const faults = [];
  await tab.setViewportSize(widths.desktop);
  await tab.evaluate(axe.source);
  for (const theme of themes) {
    await tab.emulateMedia({ colorScheme: theme });
    await tab.waitForFunction(
      (dark) => document.documentElement.classList.contains('dark') === dark,
      theme === 'dark',
    );
    const violations = await tab.evaluate(async () => {
      // Colours change in a transition. Ends all transitions, so that the check sees the final colours.
      for (const animation of document.getAnimations()) animation.finish();
      const { violations } = await window.axe.run(document, { runOnly: ['color-contrast'] });
      return violations.flatMap(({ nodes }) =>
        nodes.map(({ target, any }) => `${target}: ${any[0]?.message}`),
      );
    });
    faults.push(...violations.map((text) => `in ${theme}: ${text}`));
  }
  return faults;
}
