// Opens every page in the browser: no sideways scrolling on a phone or a desktop, nothing on the console, text that can be read in both themes.
import axe from 'axe-core';

const widths = { desktop: { width: 1280, height: 800 }, phone: { width: 360, height: 740 } };
const themes = ['light', 'dark'];

/** Visits the pages on so many tabs at once. Returns a sentence for each fault. */
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
        await tab.goto(`${address}${page}`);
        await tab.waitForFunction(() => document.querySelector('#app')?.__vue_app__ !== undefined);
        for (const text of await widthFaults(tab)) fault(text);
        if (hasContrastChecked(page)) for (const text of await contrastFaults(tab)) fault(text);
      }
      await context.close();
    }),
  );
  return faults;
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
      // Colours change with a transition; what counts is where it ends.
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
