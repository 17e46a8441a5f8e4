/** Copying a text. */
import { words } from "../words/words.js";

/** Copy it. Returns what is to be said of that: browsers let pages copy on a secure address only. */
export async function copied(text: string): Promise<string> {
  try {
    await navigator.clipboard.writeText(text);
    return words("copied");
  } catch {
    return words("copyByHand");
  }
}

/** Copy a picture. Returns whether the browser did. */
export async function copyPicture(fetch: () => Promise<Blob>): Promise<boolean> {
  try {
    // Asked for within the click: what the picture is may come later.
    await navigator.clipboard.write([new ClipboardItem({ "image/png": fetch().then(asPng) })]);
    return true;
  } catch {
    return false;
  }
}

/** Browsers take PNG alone. */
async function asPng(blob: Blob): Promise<Blob> {
  const image = await createImageBitmap(blob);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width, image.height];
  canvas.getContext("2d")?.drawImage(image, 0, 0);
  image.close();
  return new Promise((resolve, reject) => {
    canvas.toBlob((made) => {
      if (made === null) reject(new Error("the picture could not be drawn"));
      else resolve(made);
    }, "image/png");
  });
}
