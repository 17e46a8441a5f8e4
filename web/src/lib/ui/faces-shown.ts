/** Pictures of people and groups, each asked for once: they are in many places at a time. */
import type { Engine } from "../engine/api.js";

/** Pictures that are remembered; the one longest unused goes first. */
const REMEMBERED = 200;

const asked = new Map<string, Promise<Blob>>();
let owner: Engine | null = null;

/** The picture in that version, which is never another one. Fails as requests do, and is then asked for anew. */
export function faceOf(engine: Engine, id: string, group: boolean, version: string): Promise<Blob> {
  if (owner !== engine) {
    owner = engine;
    asked.clear();
    // Nothing of an account stays when it is logged out.
    engine.session.subscribe((session) => {
      if (session.state === "out") asked.clear();
    });
  }
  const held = asked.get(version);
  asked.delete(version);
  const face = held ?? engine.avatar(id, group, version);
  asked.set(version, face);
  face.catch(() => {
    if (asked.get(version) === face) asked.delete(version);
  });
  for (const one of asked.keys()) {
    if (asked.size <= REMEMBERED) break;
    asked.delete(one);
  }
  return face;
}
