/** msgpackr's build without `new Function` has no types. msgpack.ts declares what we use of it. */
declare module 'msgpackr/index-no-eval' {
  const msgpackr: unknown;
  export default msgpackr;
}
