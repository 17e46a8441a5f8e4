/** The blur that stands where a picture will: drawn at once from the few bytes that the message has of it. */
import { thumbHashToRGBA } from "thumbhash";

/** The longest hash that is taken for one. */
const LONGEST = 64;

/** Draw a thumbhash (base 64) on a canvas. Nothing, if it is none. */
export function drawBlur(canvas: HTMLCanvasElement, hash: string): void {
  const drawn = blurOf(hash);
  if (drawn === null) return;
  canvas.width = drawn.w;
  canvas.height = drawn.h;
  const image = new ImageData(new Uint8ClampedArray(drawn.rgba), drawn.w, drawn.h);
  canvas.getContext("2d")?.putImageData(image, 0, 0);
}

/** The pixels of a thumbhash; null if it is none. */
export function blurOf(hash: string): { w: number; h: number; rgba: Uint8Array } | null {
  if (hash === "" || hash.length > LONGEST) return null;
  try {
    const drawn = thumbHashToRGBA(Uint8Array.from(atob(hash), (sign) => sign.charCodeAt(0)));
    return drawn.w > 0 && drawn.h > 0 && drawn.rgba.length === drawn.w * drawn.h * 4 ? drawn : null;
  } catch {
    return null;
  }
}
