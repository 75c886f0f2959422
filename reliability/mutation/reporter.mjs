/** The mutants that were tested so far. A run that is out of time tells of these. */
export const tested = [];

/** Loaded by Stryker, into the process of the program. */
export const strykerPlugins = [
  {
    kind: 'Reporter',
    name: 'tested',
    injectableClass: class {
      static inject = [];
      onMutantTested(result) {
        tested.push(result);
      }
    },
  },
];
