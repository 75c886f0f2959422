/** A plugin of rolldown's kind, which Vite takes too. */
export function msgpackr(folder: string): { name: string };
