/** What the person has chosen to send: what it is, as far as the browser can tell before the server looks at it. */
import type { As } from "@chinwag/client";

/** Files that are sent at once. */
export const AT_ONCE = 20;

export interface Chosen {
  readonly key: number;
  readonly file: Blob;
  readonly name: string;
  readonly media_type: string;
  as: As;
  caption: string;
  /** It may go as a picture. */
  readonly isImage: boolean;
  width?: number;
  height?: number;
  duration?: number;
  poster?: Blob;
  /** Of what can be shown: an address of this page's. */
  shown?: string;
}

const IMAGES = new Set([
  "image/png",
  "image/jpeg",
  "image/webp",
  "image/gif",
  "image/avif",
  "image/heic",
  "image/heif",
]);
/** Until a video must have shown a frame of itself. */
const LOOK = 5_000;
/** Pixels of the still of a video, at most. */
const POSTER = 1280;
const POSTER_BYTES = 1024 * 1024;
let keys = 0;

/** A file as it is sent unless the person says otherwise: images as pictures. */
export function chosen(file: Blob & { name?: string }): Chosen {
  const isImage = IMAGES.has(file.type);
  const name = file.name ?? "";
  keys += 1;
  return {
    key: keys,
    file,
    name: name === "" ? `${isImage ? "picture" : "file"}.${endingOf(file.type)}` : name,
    media_type: file.type === "" ? "application/octet-stream" : file.type,
    as: isImage ? "picture" : "file",
    caption: "",
    isImage,
  };
}

/** What something pasted, without a name of its own, ends with. */
export function endingOf(media_type: string): string {
  const ending = /^[a-z]+\/(?:x-)?([a-z0-9]{1,12})/.exec(media_type)?.[1] ?? "bin";
  return { jpeg: "jpg", quicktime: "mov", plain: "txt", mpeg: "mp3" }[ending] ?? ending;
}

/** The files of a drop or a paste. Folders have none. */
export function filesOf(data: DataTransfer | null): File[] {
  return [...(data?.files ?? [])];
}

/** Look at a file: its size in pixels, its length, an address to show it by. What cannot be seen stays as it is. */
export async function looked(one: Chosen): Promise<Chosen> {
  try {
    if (one.isImage) {
      const image = await createImageBitmap(one.file);
      const { width, height } = image;
      image.close();
      return { ...one, width, height, shown: URL.createObjectURL(one.file) };
    }
    if (one.media_type.startsWith("video/")) return await ofVideo(one);
  } catch {
    // A kind of picture that this browser does not show: the server says what it is.
  }
  return one;
}

async function ofVideo(one: Chosen): Promise<Chosen> {
  const address = URL.createObjectURL(one.file);
  const video = document.createElement("video");
  video.muted = true;
  video.preload = "auto";
  const drawn = new Promise<void>((resolve, reject) => {
    setTimeout(reject, LOOK);
    video.onloadeddata = () => {
      resolve();
    };
    video.onerror = () => {
      reject(new Error("not a video that this browser shows"));
    };
  });
  video.src = address;
  try {
    await drawn;
    const { videoWidth: width, videoHeight: height, duration } = video;
    const poster = await still(video);
    const length = Number.isFinite(duration) ? { duration } : {};
    return {
      ...one,
      width,
      height,
      ...length,
      ...(poster === null ? {} : { poster, shown: URL.createObjectURL(poster) }),
    };
  } finally {
    video.removeAttribute("src");
    video.load();
    URL.revokeObjectURL(address);
  }
}

async function still(video: HTMLVideoElement): Promise<Blob | null> {
  const scale = Math.min(1, POSTER / Math.max(video.videoWidth, video.videoHeight));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(video.videoWidth * scale));
  canvas.height = Math.max(1, Math.round(video.videoHeight * scale));
  canvas.getContext("2d")?.drawImage(video, 0, 0, canvas.width, canvas.height);
  const made = await new Promise<Blob | null>((resolve) => {
    canvas.toBlob(resolve, "image/jpeg", 0.8);
  });
  return made !== null && made.size <= POSTER_BYTES ? made : null;
}

/** Let go of what was shown. */
export function letGo(all: Iterable<Chosen>): void {
  for (const { shown } of all) if (shown !== undefined) URL.revokeObjectURL(shown);
}
