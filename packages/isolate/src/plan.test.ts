import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { noBubblewrap } from '../test/support/cells.ts';
import { isolated } from './isolated.ts';

const folder = vi.hoisted(() => ({ path: '' }));
folder.path = realpathSync(mkdtempSync(join(tmpdir(), 'pipework-plan-')));
afterAll(() => rmSync(folder.path, { recursive: true }));

vi.mock('./system.ts', async (original) => ({
  ...(await original<object>()),
  get networkPlaces() {
    return [join(folder.path, 'own', 'certs')];
  },
}));

test.skipIf(noBubblewrap !== '')(
  `a place of the system is not shown if the plugin could change a link to it${noBubblewrap}`,
  () => {
    const own = join(folder.path, 'own');
    for (const path of [own, join(folder.path, 'secret')]) mkdirSync(path);
    symlinkSync(join(folder.path, 'secret'), join(own, 'certs'));
    expect(() => isolated({ net: true, write: [own] }).describe(['/bin/true'])).toThrow(
      /^write: .*certs is a link to/,
    );
    expect(isolated({ net: true }).describe(['/bin/true']).added).toContain(join(folder.path, 'secret'));
  },
);
