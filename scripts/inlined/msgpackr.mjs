// Imports the separate modules of msgpackr instead of its bundled file `index-no-eval`. rolldown can remove
// unused code from separate modules, and V8 need not first parse a wrapper around them. This makes a plugin's
// start 1.8 ms shorter.
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { editedPackage } from './edits.mjs';

export const msgpackr = (folder) =>
  editedPackage({
    name: 'msgpackr/index-no-eval',
    // Every plugin loads msgpackr, and users do not debug it. Short names make each plugin's entry 33 kB
    // smaller.
    shortens: true,
    entry: () => {
      const built = createRequire(resolve(folder, 'package.json')).resolve('msgpackr/index-no-eval');
      const modules = JSON.stringify(resolve(built, '../../pack.js'));
      return `import { Packr, addExtension } from ${modules};\nexport default { Packr, addExtension };`;
    },
    // Like `index-no-eval`, these edits remove the one place that turns text into code. They also remove code
    // that runs at import without a use.
    edits: {
      'msgpackr/pack.js': [
        // These edits remove features that our options never turn on. While msgpackr packs, no user's code
        // runs, so a second packing never begins inside the first.
        [/if \(packing\) \{\s*return saveState\(value, encodeOptions\);\s*\}/, ''],
        [/this\.useRecords === false \? writePlainObject/, 'true ? writePlainObject'],
        [/\(this\.variableMapSize \|\| this\.coercibleKeyAsNumber \|\| this\.skipValues\)/, 'true'],
        [/if \((this\.(skipValues|coercibleKeyAsNumber)|structures)\)/g, 'if (false)'],
        [/if \((referenceMap|bundledStrings)\b/g, 'if (false'],
        [/if \(packr\.(_writeStruct|bundleStrings)\b/g, 'if (false'],
        [/packr\.useToJSON !== false/g, 'false'],
        [/^let defaultPackr = new Packr\(.*\);$/m, ''],
        [/^export const pack = defaultPackr\.pack;\s*export const encode = defaultPackr\.pack;$/m, ''],
      ],
      'msgpackr/unpack.js': [
        [/new Function\(/, 'new BlockedFunction('],
        [/^var defaultUnpackr = new Unpackr\(.*\);$/m, 'var defaultUnpackr;'],
        [/^(export const (unpack|unpackMultiple|decode) = defaultUnpackr\.\w+;\s*){3}/m, ''],
        // The removed code fills a table of 256 numbers, which only the option useFloat32 needs.
        [/^for \(let i = 0; i < 256; i\+\+\) \{\s*mult10\[i\] = .*\s*\}$/m, ''],
      ],
    },
  });
