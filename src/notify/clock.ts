/** `2025-10-15 12:03:04 UTC`: people in several time zones read the same page. What is no time stays as it is written. */
export function clock(time: string): string {
  const date = new Date(time);
  return Number.isNaN(date.valueOf()) ? time : `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
