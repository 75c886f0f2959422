// Makes some 25 MB of ordinary objects, the ballast. Every host process holds it, because a real program
// holds objects, too. In a heap of less than 12 MB, V8 collects all garbage after each dozen megabytes of new
// buffers. Without the ballast, the size of the imported library would decide how full the heap is. Figures
// of large values would then vary by a factor of three.

const ENTRIES = 200_000;

export const ballast = Array.from({ length: ENTRIES }, (_, i) => ({ id: i, name: `entry ${i}`, links: [i] }));
