// The tiny call: two integers there, their sum back, checked.

export function tinyCall(peer) {
  return async (i) => {
    const a = i & 0xffff;
    const sum = await peer.add(a, 7);
    if (sum !== a + 7) throw new Error(`add(${a}, 7) came back as ${sum}`);
  };
}
