// check-api.mjs [--write] [ENTRY...]: compares the declarations of each entry of each package with the
// entry's committed report in `api/`. So each change of a public name or type is a line of a diff. `--write`
// accepts the change. An ENTRY is a report's name, such as `core-plugin`. Without an ENTRY, all entries are
// compared. API Extractor makes the reports from the built declarations. A report also has the types and
// tables from which an exported name is made. So a new code in a table of errors is a line of the diff, too.
// The check also fails if an exported name, or a member of one, has no docstring.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { CompilerState, Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';

const accepts = process.argv.includes('--write');
const wanted = process.argv.slice(2).filter((argument) => argument !== '--write');

const scratch = mkdtempSync(join(tmpdir(), 'pipework-api-'));
let failed = 0;

/**
 * Yields every published entry that has declarations: the package's folder, the entry's name, and its
 * declaration file.
 */
function* entries() {
  for (const name of readdirSync('packages')) {
    const folder = join('packages', name);
    const { exports = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    for (const [subpath, { types }] of Object.entries(exports)) {
      if (types === undefined) continue;
      yield {
        folder,
        name: subpath === '.' ? name : `${name}-${subpath.slice(2)}`,
        types: join(folder, types),
      };
    }
  }
}

/**
 * Checks the exported names of an entry, and returns its report. API Extractor runs twice, with one compiler
 * state. The first run makes the checks, and leaves out the names that are not exported. The second run makes
 * the report, with these names.
 */
function makeReport(entry) {
  const config = configOf(entry, false);
  const compilerState = CompilerState.create(config);
  Extractor.invoke(config, {
    compilerState,
    localBuild: true,
    messageCallback: (message) => {
      message.handled = true;
      if (message.logLevel !== ExtractorLogLevel.Error) return;
      failed++;
      console.error(`${entry.name}: ${message.text}`);
    },
  });
  Extractor.invoke(configOf(entry, true), {
    compilerState,
    localBuild: true,
    messageCallback: (message) => {
      message.handled = true;
    },
  });
  return readFileSync(join(scratch, `${entry.name}.api.md`), 'utf8');
}

function configOf({ folder, name, types }, includeForgottenExports) {
  return ExtractorConfig.prepare({
    configObject: {
      projectFolder: resolve(folder),
      mainEntryPointFilePath: resolve(types),
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: 'es2023',
            lib: ['es2023', 'es2024.string', 'esnext.disposable'],
            module: 'nodenext',
            strict: true,
            skipLibCheck: true,
            types: ['node'],
          },
          include: [resolve(types)],
        },
      },
      apiReport: {
        enabled: true,
        reportFolder: scratch,
        reportTempFolder: scratch,
        reportFileName: name,
        includeForgottenExports,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: 'lf',
      messages: {
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
        extractorMessageReporting: {
          default: { logLevel: ExtractorLogLevel.None },
          // A type in a public signature must have an exported name.
          'ae-forgotten-export': { logLevel: ExtractorLogLevel.Error },
          // An exported name must have a docstring, because the reference is made from docstrings.
          'ae-undocumented': { logLevel: ExtractorLogLevel.Error },
        },
        tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: resolve(folder, 'package.json'),
  });
}

try {
  for (const entry of entries()) {
    if (wanted.length > 0 && !wanted.includes(entry.name)) continue;
    const report = makeReport(entry);
    const path = join('api', `${entry.name}.api.md`);
    const committed = existsSync(path) ? readFileSync(path, 'utf8') : '';
    if (report === committed) continue;
    if (accepts) {
      writeFileSync(path, report);
      continue;
    }
    failed++;
    const before = new Set(committed.split('\n'));
    const after = new Set(report.split('\n'));
    console.error(
      `${path} no longer says what ${entry.types} declares. If that is meant: node scripts/check-api.mjs --write`,
    );
    for (const line of before) if (!after.has(line)) console.error(`- ${line}`);
    for (const line of after) if (!before.has(line)) console.error(`+ ${line}`);
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
if (failed > 0) process.exitCode = 1;
