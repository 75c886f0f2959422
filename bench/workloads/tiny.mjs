// The tiny call sends two integers and checks the sum that comes back.

export function tinyCall(peer) {
  return async (i) => {
    const a = i & 0xffff;
    const sum = await peer.add(a, 7);
    if (sum !== a + 7) throw new Error(`add(${a}, 7) came back as ${sum}`);
  };
}
