/** msgpackr's build without `new Function` comes without types; msgpack.ts says what we use of it. */
declare module 'msgpackr/index-no-eval' {
  const msgpackr: unknown;
  export default msgpackr;
}
