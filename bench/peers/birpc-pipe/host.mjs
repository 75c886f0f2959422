import { Packr } from 'msgpackr';
import { birpcHost } from '../support/birpc.mjs';
import { FrameWriter, readFrames } from '../support/frames.mjs';
import { pathOf, spawnWithPipes } from '../support/processes.mjs';

export function open() {
  const { down, up, pids, close } = spawnWithPipes(pathOf('./child.mjs', import.meta.url));
  const packr = new Packr({ useRecords: false });
  const writer = new FrameWriter(down);
  const peer = birpcHost({
    post: (message) => writer.write(packr.pack(message)),
    on: (receive) => readFrames(up, (body) => receive(packr.unpack(body))),
  });
  return { ...peer, pids, close };
}
