/** Whether a key belongs to an input method that composes a word. Safari tells the last one by the code 229 alone. */
export function composing(event: KeyboardEvent): boolean {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- there is no other way to know it there
  return event.isComposing || event.keyCode === 229;
}
