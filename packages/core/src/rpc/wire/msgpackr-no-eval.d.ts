/** msgpackr's build without `new Function` has no types. msgpack.ts declares the parts that are used. */
declare module 'msgpackr/index-no-eval' {
  const msgpackr: unknown;
  export default msgpackr;
}
