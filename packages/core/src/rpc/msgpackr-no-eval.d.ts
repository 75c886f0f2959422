/** What we use of msgpackr's build without `new Function`, which comes without types. */
declare module 'msgpackr/index-no-eval' {
  /** What a packed message lies in: msgpackr's reused buffer, with the place in it. */
  export interface Packed extends Uint8Array {
    start: number;
    end: number;
  }

  export interface Codec {
    pack(value: unknown, mode: number): Packed;
    unpack(source: Uint8Array, range: { start: number; end: number }): unknown;
    useBuffer(buffer: Uint8Array): void;
  }

  /** How an extension writes itself: asks for room once, writes there, and returns nothing. */
  export type Allocate = (size: number) => { target: Uint8Array; targetView: DataView; position: number };

  export interface Extension<T> {
    Class: new (...args: never[]) => T;
    type: number;
    pack(value: T, allocate: Allocate): undefined;
    unpack(data: Uint8Array): unknown;
  }

  const msgpackr: {
    readonly Packr: new (options: Record<string, unknown>) => Codec;
    addExtension<T>(this: void, extension: Extension<T>): void;
  };
  export default msgpackr;
}
