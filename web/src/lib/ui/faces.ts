/** How people and groups are drawn: initials on one of eight grounds, always the same for the same id. */

/** The number of grounds (`--av-1` … `--av-8`). */
const GROUNDS = 8;

/** Which ground: 1 to 8, by the id. */
export function groundOf(id: string): number {
  let hash = 0;
  for (let i = 0; i < id.length; i++) hash = (hash * 31 + id.charCodeAt(i)) >>> 0;
  return (hash % GROUNDS) + 1;
}

/** One or two letters of a name; a character of a script that is written without capitals stands alone. */
export function initials(name: string): string {
  const parts = name
    .normalize("NFC")
    .split(/[\s._-]+/u)
    .filter((part) => /^[\p{L}\p{N}\p{Extended_Pictographic}]/u.test(part));
  const first = letter(parts[0]);
  if (first === "") return "·";
  const last = parts.length > 1 ? letter(parts[parts.length - 1]) : "";
  return /\p{Lu}/u.test(first) || /^[0-9]/.test(first) ? first + (/\p{Lu}|[0-9]/u.test(last) ? last : "") : first;
}

function letter(part: string | undefined): string {
  if (part === undefined) return "";
  const first = Array.from(part)[0] ?? "";
  const upper = first.toLocaleUpperCase();
  return Array.from(upper).length === 1 ? upper : first;
}
