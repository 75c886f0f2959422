// Formats figures with three digits, and with k for thousands and M for millions.

export function short(value) {
  if (value === undefined) return '-';
  if (value >= 1e6) return `${digits(value / 1e6)}M`;
  if (value >= 1e4) return `${digits(value / 1e3)}k`;
  return digits(value);
}

function digits(value) {
  if (value >= 100) return String(Math.round(value));
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

const KIB = 1024;

export function bytes(value) {
  if (value >= KIB * KIB) return `${trim(value / KIB / KIB)} MiB`;
  if (value >= KIB) return `${trim(value / KIB)} KiB`;
  return `${value} B`;
}

const trim = (value) => String(Number(value.toFixed(1)));

/** Formats a time in a suitable unit. */
export function micros(value) {
  if (value >= 1e6) return `${trim(value / 1e6)} s`;
  return value >= 1e3 ? `${trim(value / 1e3)} ms` : `${trim(value)} µs`;
}
