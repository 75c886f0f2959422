// Some 25 MB of ordinary objects that every host process holds, as any real program does. The floor's process
// holds them too. In a heap of less than 12 MB, V8 collects everything after each dozen megabytes of buffers.
// Then only the size of the imported library would decide the workloads with large values (a factor of three,
// for every peer).

const ENTRIES = 200_000;

export const ballast = Array.from({ length: ENTRIES }, (_, i) => ({ id: i, name: `entry ${i}`, links: [i] }));
