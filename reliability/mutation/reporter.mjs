/** The mutants that were tested so far. A run that is out of time reports these mutants. */
export const tested = [];

/** Stryker loads this reporter into the process of the mutation program (in `reliability/programs`). */
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
