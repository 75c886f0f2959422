/** Returns a rolldown plugin, which Vite accepts too. */
export function msgpackr(folder: string): { name: string };
