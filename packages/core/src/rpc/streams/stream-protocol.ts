/** What goes over the mux stream of a value that is a stream: arrays of two, a word and a value. */

/** From the producer. The last of the three that end it is followed by FIN. */
export const produced = {
  item: 0,
  /** The source ended; the value is what it returned. */
  done: 1,
  /** The source threw; the value is the error. */
  failed: 2,
  /** The item with which the source answered the consumer's `throw`; those before it were under way already. */
  answer: 3,
  /** Several items in one array, to a peer that announced `items`. */
  items: 4,
} as const;

/** From the consumer. */
export const consumed = {
  /** The consumer takes no more; the value is what it gave to `return`. */
  return: 0,
  /** The consumer gave an error to `throw`. */
  throw: 1,
} as const;
