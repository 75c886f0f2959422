/** The mutants that were tested so far. A run that is out of time reports only these mutants. */
export const tested = [];

/** Stryker loads this reporter into the process of programs/mutate.mjs. */
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
