/** What a message says of a picture, a video, a sound or a file. */
import { isMessage, type KeptEvent } from "./events.js";

/** As readers of the message have it: what the server found, and the sender's name and caption for it. */
export interface Media {
  readonly type: "media";
  /** Names the upload, and opens nothing. */
  readonly id: string;
  readonly name: string;
  readonly media_type: string;
  /** Bytes. */
  readonly size: number;
  /** Pixels, as it is shown. */
  readonly width?: number;
  readonly height?: number;
  /** Seconds. */
  readonly duration?: number;
  /** A thumbhash, in base 64. */
  readonly blur?: string;
  readonly caption?: string;
  readonly mentions?: readonly string[];
}

/** Whether the sender gives it as a picture, which the server makes anew, or byte for byte. */
export type As = "picture" | "file";

/** How it is shown. */
export type MediaKind = "picture" | "video" | "audio" | "file";

/** What a message says of media; null: it is none. */
export function mediaOf(event: KeptEvent): Media | null {
  return isMessage(event) && event.body.type === "media" ? (event.body as unknown as Media) : null;
}

/** What browsers show as a picture. Others (HEIC, TIFF) are files. */
const PICTURES: ReadonlySet<string> = new Set(["image/png", "image/jpeg", "image/webp", "image/gif", "image/avif"]);

/** A recording's name begins so: its container may say nothing of whether there is a picture in it. */
const VOICE = "voice ";

/** The name of a recording that was begun at a moment, in a container. */
export function voiceName(at: Date, ending: string): string {
  const two = (n: number): string => String(n).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${VOICE}${day} ${two(at.getHours())}.${two(at.getMinutes())}.${two(at.getSeconds())}.${ending}`;
}

export function kindOf({
  media_type,
  name,
  width = 0,
  height = 0,
}: Pick<Media, "media_type" | "name" | "width" | "height">): MediaKind {
  const sized = width > 0 && height > 0;
  if (PICTURES.has(media_type) && sized) return "picture";
  if (media_type.startsWith("audio/")) return "audio";
  if (media_type.startsWith("video/")) return !sized && name.startsWith(VOICE) ? "audio" : "video";
  return "file";
}

/** Whether a recording, and no other sound. */
export function isVoice({ name }: Pick<Media, "name">): boolean {
  return name.startsWith(VOICE);
}

/**
 * The box that a picture takes, in pixels: whole, of its own shape, within `most` and no less than `least` in either
 * direction; what is longer than that shape allows is cut. It depends on nothing but what the message says.
 */
export function boxOf(
  { width = 0, height = 0 }: Pick<Media, "width" | "height">,
  most: { width: number; height: number },
  least: { width: number; height: number },
): { width: number; height: number } {
  const [w, h] = width > 0 && height > 0 ? [width, height] : [16, 9];
  const scale = width > 0 ? Math.min(1, most.width / w, most.height / h) : most.width / w;
  const within = (value: number, low: number, high: number): number => Math.round(Math.min(high, Math.max(low, value)));
  return { width: within(w * scale, least.width, most.width), height: within(h * scale, least.height, most.height) };
}
