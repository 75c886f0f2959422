import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { directory, noBubblewrap } from '../test/support/cells.ts';
import { isolated } from './isolated.ts';
import { networkPlaces } from './system.ts';

test.skipIf(noBubblewrap !== '')(
  `a place of the system is not shown if the plugin could change a link to it${noBubblewrap}`,
  () => {
    const folder = directory();
    const [own, secret] = [join(folder, 'own'), join(folder, 'secret')];
    for (const path of [own, secret]) mkdirSync(path);
    symlinkSync(secret, join(own, 'certs'));
    const places = networkPlaces as string[];
    places.push(join(own, 'certs'));
    onTestFinished(() => void places.pop());
    expect(() => isolated({ net: true, write: [own] }).describe(['/bin/true'])).toThrow(
      /^write: .*certs is a link to/,
    );
    expect(isolated({ net: true }).describe(['/bin/true']).added).toContain(secret);
  },
);
