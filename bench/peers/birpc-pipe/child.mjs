import { Packr } from 'msgpackr';
import { birpcChild } from '../support/birpc.mjs';
import { FrameWriter, readFrames } from '../support/frames.mjs';
import { childPipes } from '../support/processes.mjs';

const { readable, writable } = childPipes();
const packr = new Packr({ useRecords: false });
const writer = new FrameWriter(writable);
birpcChild({
  post: (message) => writer.write(packr.pack(message)),
  on: (receive) => readFrames(readable, (body) => receive(packr.unpack(body))),
});
