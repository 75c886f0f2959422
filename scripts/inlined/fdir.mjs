// tinyglobby uses fdir to list directories, and fdir looks for picomatch by `require`. tinyglobby passes its
// own matchers, so this edit removes the search for picomatch. The search needs `import.meta.url`, which a
// host lacks if a user has bundled it.
import { editedPackage } from './edits.mjs';

export const fdir = () =>
  editedPackage({
    name: 'fdir',
    edits: {
      'fdir/dist/index.mjs': [
        [/^import \{ createRequire \} from "module";$/m, ''],
        [/^var __require = .*createRequire\(import\.meta\.url\);$/m, ''],
        [
          /try \{\s*__require\.resolve\("picomatch"\);\s*pm = __require\("picomatch"\);\s*\} catch \{[^}]*\}/,
          '',
        ],
      ],
    },
  });
