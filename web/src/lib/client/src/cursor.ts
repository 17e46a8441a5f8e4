/** A place in an inbox. The epoch changes only when the server was restored. */
export interface Cursor {
  readonly epoch: number;
  readonly position: number;
}

/** Read what the server gave as a cursor. */
export function cursorOf(text: string): Cursor {
  const [epoch, position] = text.split(".").map(Number);
  if (!Number.isSafeInteger(epoch) || !Number.isSafeInteger(position)) throw new RangeError(`no cursor: ${text}`);
  return { epoch: epoch as number, position: position as number };
}

export function cursorText(cursor: Cursor): string {
  return `${cursor.epoch}.${cursor.position}`;
}
